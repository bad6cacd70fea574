// The gateway's HTTP side: everything between sockets and the engine.
//
// Each connection has a thread of its own, up to a limit; requests wait in the engine's queue, not in front of it. What a request may do to the
// gateway is bounded: its size, its nesting, the time in which it must arrive and in which its answer must be taken, the tokens it may ask for.
#pragma once

#include <memory>
#include <string>

#include "gateway/engine.hpp"
#include "gateway/settings.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::app {

class Gateway {
 public:
  // Binds and listens, so that a port that is taken is known at once: throws Error. The engine must live longer.
  Gateway(GatewaySettings settings, std::shared_ptr<const text::Tokenizer> tokenizer, Engine& engine);
  ~Gateway();  // stops

  void start();                    // serves, in threads of its own
  // No new connections; answers that are under way are finished for so long, then cut. To be told after Engine::stop() or fail(), which end them.
  // From any thread; another that stops it, too, waits for the first.
  void stop(double patience = 5);
  int port() const;
  std::string url() const;         // "http://127.0.0.1:9090"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::app
