// How a rank waits: by polling, because Open MPI's own blocking calls keep a core busy, and ranks share cores with ranks that
// compute.
#pragma once

#include <time.h>

#include <algorithm>
#include <chrono>

namespace shardlm::net {

inline double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// One step between two polls: at first none (the answer is often microseconds away), then sleeps, each at most a sixteenth of the
// time waited so far. Sleeping beats sched_yield: a scheduler lets one that wakes go first, one that yields must wait for its
// turn, milliseconds where the others compute.
class Pause {
 public:
  explicit Pause(double longest = 500e-6) : longest_(longest) {}  // of a sleep, in seconds
  void step(double waited) const {
    if (waited < kSpin) return;
    const double sleep = std::min(longest_, std::max(kShortest, waited / 16));
    const timespec span{0, static_cast<long>(sleep * 1e9)};
    nanosleep(&span, nullptr);
  }

 private:
  static constexpr double kSpin = 5e-6, kShortest = 5e-6;
  double longest_;
};

}  // namespace shardlm::net
