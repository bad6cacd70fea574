// Numbers for Prometheus: how many, how much and how long, and nothing that depends on what a prompt or an answer says. Label values come from
// fixed lists, so that no request makes new ones.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/engine.hpp"

namespace shardlm::app {

// All from any thread.
class Metrics {
 public:
  explicit Metrics(const std::vector<std::string>& protocols);  // that are loaded
  ~Metrics();

  void observe(const Job& job, const Outcome& outcome);      // a job is finished; for Engine::on_finished
  void observe_http(const std::string& path, int status);    // path: as requested, without its query
  std::string text(const EngineState& state);                // of GET /metrics
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::app
