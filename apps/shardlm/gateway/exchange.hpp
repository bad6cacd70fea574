// A request and its answer, for endpoints: they know nothing of sockets.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/engine.hpp"
#include "gateway/settings.hpp"

namespace shardlm::app {

enum class Progress { more, done, gone };
using Write = std::function<bool(const std::string&)>;  // false: nobody takes it any more

struct Reply {
  int status = 200;
  std::string body, type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::function<Progress(const Write&)> stream = {};  // instead of the body: called again and again, waits for a second or so at most
};

struct Call {
  std::string path, body;
  std::function<bool()> gone;  // did whoever asked hang up?
  std::size_t* tokens;         // of the answer, for counters; lives until the reply is written
};

// What all endpoints know.
struct Site {
  const GatewaySettings& settings;
  const text::Tokenizer& tokenizer;
  Engine& engine;
};

}  // namespace shardlm::app
