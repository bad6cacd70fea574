// What a gateway says of itself: GET /v2/info.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway_client/connection.hpp"
#include "gateway_client/failures.hpp"

namespace shardlm::app::remote {

struct GatewayInfo {
  nlohmann::ordered_json whole;  // as it came
  std::string model;
  std::size_t max_tokens = 0;  // of an answer, at most
  // What is asked for where nobody said how much: no more than there is.
  std::size_t most(std::size_t wanted, std::size_t usual) const { return wanted == usual && max_tokens > 0 && max_tokens < wanted ? max_tokens : wanted; }
  std::vector<std::pair<std::string, std::string>> protocols;  // name and endpoint, in the gateway's order

  // The endpoint of a protocol; of the first for "". Throws Error, with a list, for one that was not loaded.
  const std::pair<std::string, std::string>& protocol(const std::string& name, const Address& address) const;
};

GatewayInfo ask_for_info(const Connection& connection);

// Calls what reads an answer; where that is not of the form that it expects, the error says so.
template <class Read>
auto read_answer(const Address& address, Read read) {
  try {
    return read();
  } catch (const nlohmann::json::exception&) {
    throw Error(no_gateway(address, "its answer is not of the form that is expected"));
  }
}

}  // namespace shardlm::app::remote
