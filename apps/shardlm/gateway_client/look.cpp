// shardlm client health and info.
#include <cstdio>

#include "gateway_client/client.hpp"
#include "gateway_client/gateway_info.hpp"
#include "gateway_client/printable.hpp"

namespace shardlm::app {

using namespace remote;

namespace {

using Json = nlohmann::ordered_json;

void row(const char* name, const std::string& text) { std::printf("%-12s %s\n", name, printable(text).c_str()); }

// A number, or "?" where there is none.
std::string number(const Json& from, const char* name) {
  const Json value = from.is_object() ? from.value(name, Json()) : Json();
  return value.is_number() ? value.dump() : "?";
}

void print_pool(const Json& levels) {
  const char* name = "pool";
  for (const Json& level : levels) {
    row(name, number(level, "ready") + " of " + number(level, "wanted") + " requests dealt ahead for prompts of up to " + number(level, "positions") + " tokens");
    name = "";
  }
}

void print(const GatewayInfo& info, const Address& address) {
  const Json &all = info.whole, shape = all.value("shape", Json()), queue = all.value("queue", Json());
  row("gateway", address.text);
  row("version", all.value("version", "?"));
  row("model", info.model);
  row("shape", number(shape, "layers") + " layers, hidden " + number(shape, "hidden") + ", vocabulary " + number(shape, "vocabulary"));
  row("context", number(all, "context") + " tokens of prompt and answer, at most " + number(all, "max_tokens") + " of an answer");
  if (const Json pad = all.value("pad_to", Json()); pad.is_number() && pad != 0) row("", "each prompt takes " + pad.dump() + " positions, whatever its length");
  const char* name = "protocols";
  for (const auto& [protocol, endpoint] : info.protocols) {
    row(name, protocol + std::string(protocol.size() < 8 ? 8 - protocol.size() : 1, ' ') + endpoint);
    name = "";
  }
  row("queue", number(queue, "running") + " running, " + number(queue, "waiting") + " waiting, room for " + number(queue, "limit"));
  print_pool(all.value("pool", Json::array()));
}

int finish() {
  if (std::fflush(stdout) != 0) throw Error("cannot write to standard output");
  return 0;
}

}  // namespace

int client_health(const HttpClientOptions& o) {
  const Connection connection(o);
  connection.get("/health");
  Json said{{"alive", true}, {"ready", true}};
  try {
    connection.get("/ready");
  } catch (const Refused& refused) {
    if (!o.json) throw;
    said["ready"] = false;
    said["why"] = refused.what();
  }
  std::printf("%s\n", o.json ? said.dump().c_str() : "ready");
  finish();
  return said["ready"] ? 0 : 1;
}

int client_info(const HttpClientOptions& o) {
  const Connection connection(o);
  connection.warn_of_strangers();
  const GatewayInfo info = ask_for_info(connection);
  if (o.json)
    std::printf("%s\n", info.whole.dump().c_str());
  else
    read_answer(connection.address(), [&] { print(info, connection.address()); });
  return finish();
}

}  // namespace shardlm::app
