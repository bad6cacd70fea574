#include "gateway_client/gateway_info.hpp"

#include <algorithm>

#include "gateway_client/printable.hpp"

namespace shardlm::app::remote {

const std::pair<std::string, std::string>& GatewayInfo::protocol(const std::string& name, const Address& address) const {
  if (name.empty()) return protocols.at(0);
  const auto found = std::find_if(protocols.begin(), protocols.end(), [&name](const auto& p) { return p.first == name; });
  if (found != protocols.end()) return *found;
  std::string all;
  for (const auto& p : protocols) all += (all.empty() ? "" : ", ") + printable(p.first);
  throw Error("the gateway at " + address.text + " did not load " + name + ": ask for one that it has (" + all + "), or start it with --protocol " + name);
}

GatewayInfo ask_for_info(const Connection& connection) {
  GatewayInfo info;
  info.whole = connection.get("/v2/info");
  read_answer(connection.address(), [&info] {
    info.model = info.whole.at("model").get<std::string>();
    info.max_tokens = info.whole.value("max_tokens", std::size_t{0});
    for (const auto& p : info.whole.at("protocols"))
      info.protocols.emplace_back(p.at("name").get<std::string>(), p.at("endpoint").get<std::string>());
  });
  const bool sound = !info.protocols.empty() && std::all_of(info.protocols.begin(), info.protocols.end(), [](const auto& p) { return p.second[0] == '/'; });
  if (!sound) throw Error(no_gateway(connection.address(), "it names no protocol"));
  return info;
}

}  // namespace shardlm::app::remote
