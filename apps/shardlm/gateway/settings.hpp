// What the gateway's HTTP side is told: where it listens, for whom, within which limits, and about the model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace shardlm::app {

// One request that was answered, for counters and the log: nothing of its prompt, its answer or its address.
struct Access {
  std::string method, path;  // a path of the gateway's own, or "other"
  int status = 0;            // 499: whoever asked hung up
  double ms = 0;
  std::size_t tokens = 0;    // of the answer
};

struct GatewaySettings {
  std::string host = "127.0.0.1";
  int port = 9090;            // 0: any that is free
  std::string key;            // empty: nobody is asked for one
  std::size_t queue = 16;     // as the engine's
  std::uint64_t max_body = std::uint64_t{1} << 20;
  double deadline = 600;      // seconds until a request is given up, waiting included
  double arrival = 10;        // seconds in which a request must have arrived, from its connection or its first byte
  double idle = 15;           // seconds for which a connection may lie still between requests
  double writing = 10;        // seconds in which a client must take a piece of an answer
  std::size_t connections = 0;  // open at once; 0: enough for the queue and 32 more
  bool log = false;           // a line a request on standard error
  std::function<void(const Access&)> on_request;  // from many threads
  std::function<std::string()> metrics;           // in the Prometheus form; none: /metrics is not there

  // The model and what was started.
  std::string name, version;
  std::size_t layers = 0, hidden = 0, vocabulary = 0;
  std::size_t context = 4096, max_tokens = 1024;
  // Positions that a prompt of so many tokens takes under a protocol, where it is padded; none: as many as it has tokens.
  std::function<std::size_t(const std::string& protocol, std::size_t tokens)> positions;
  std::vector<std::string> protocols{"v3"};  // the first is the default
  std::size_t pad_to = 0;
  std::string default_system;  // what text::default_system says of the model's chat template
};

}  // namespace shardlm::app
