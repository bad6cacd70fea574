// What shardlm client benchmark measured, for people (a table) and for programs (docs/results.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gateway_client/gateway_info.hpp"
#include "options.hpp"

namespace shardlm::app::remote {

// One measured request; times in milliseconds. All but wall is what the gateway counted.
struct RemoteRun {
  double queued = 0, embedding = 0, prefill = 0, decode = 0, total = 0;
  double wall = 0;  // from here: connection, HTTP and queue as well
  std::size_t tokens = 0;
  bool from_pool = false;  // was its prompt dealt before it came?
};

struct RemoteResults {
  std::string prompt, protocol, endpoint, created;
  std::size_t prompt_tokens = 0;
  std::vector<RemoteRun> runs;
  nlohmann::ordered_json traffic;  // of the last run
};

nlohmann::ordered_json json_of(const RemoteResults& results, const HttpClientOptions& options, const GatewayInfo& info, const Address& address);
std::string table_of(const RemoteResults& results, const HttpClientOptions& options, const Address& address);

}  // namespace shardlm::app::remote
