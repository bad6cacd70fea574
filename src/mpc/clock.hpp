// Where a server's time goes: the innermost clock runs, the one around it pauses.
#pragma once

#include "shardlm/mpc/server.hpp"

#include <chrono>

namespace shardlm::mpc {

class Server::Clock {
 public:
  Clock(Server& server, Part part) : server_(server), part_(part), outer_(server.clock_), start_(now()) {
    if (outer_) outer_->stop(start_);
    server.clock_ = this;
  }
  ~Clock() {
    const double t = now();
    stop(t);
    server_.clock_ = outer_;
    if (outer_) outer_->start_ = t;
  }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

 private:
  static double now() {
    Exec().fence();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  void stop(double t) { server_.seconds_[int(part_)] += t - start_; }
  Server& server_;
  Part part_;
  Clock* outer_;
  double start_;
};

}  // namespace shardlm::mpc
