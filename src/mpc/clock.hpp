// Where a server's time goes: the innermost clock runs, the one around it pauses. Each is a region of the trace as well.
#pragma once

#include "shardlm/mpc/server.hpp"

namespace shardlm::mpc {

class Server::Clock {
 public:
  Clock(Server& server, Part part) : server_(server), part_(part), outer_(server.clock_), shown_(trace::show(region(part))), start_(now()) {
    if (outer_) outer_->stop(start_);
    if (server.recorder()) server.recorder()->begin(region(part), -1, start_);
    server.clock_ = this;
  }
  ~Clock() {
    const double t = now();
    stop(t);
    if (server_.recorder()) server_.recorder()->end(t);
    if (shown_) trace::hide();
    server_.clock_ = outer_;
    if (outer_) outer_->start_ = t;
  }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

 private:
  static double now() {
    Exec().fence();
    return trace::now();
  }
  static trace::Region region(Part part) {
    switch (part) {
      case Part::linear:
        return trace::Region::linear;
      case Part::look_up:
        return trace::Region::look_up;
      case Part::comparison:
        return trace::Region::comparison;
      case Part::opening:
        return trace::Region::opening;
      case Part::dealer:
      case Part::other:
        break;
    }
    return trace::Region::dealer;  // no clock runs for the rest
  }
  void stop(double t) { server_.seconds_[int(part_)] += t - start_; }
  Server& server_;
  Part part_;
  Clock* outer_;
  bool shown_;
  double start_;
};

}  // namespace shardlm::mpc
