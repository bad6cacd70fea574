// How a rank waits: by polling, because Open MPI's own blocking calls keep a core busy, and ranks share cores with ranks that
// compute.
#pragma once

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <chrono>

namespace shardlm::net {

inline double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// One step between two polls: at first none (the answer is often microseconds away), then short sleeps that grow. A sleeper is
// favoured by the scheduler when it wakes, a rank that spins or yields is not.
class Pause {
 public:
  // longest: of a sleep, in seconds.
  explicit Pause(double longest = 50e-6) : longest_(longest) {}
  void step(double waited) {
    if (waited < kSpin) return;
    if (waited < kYield) {
      sched_yield();
      return;
    }
    const double sleep = std::min(longest_, std::max(kShortest, waited / 8));
    const timespec span{0, static_cast<long>(sleep * 1e9)};
    nanosleep(&span, nullptr);
  }

 private:
  static constexpr double kSpin = 10e-6, kYield = 20e-6, kShortest = 5e-6;
  double longest_;
};

}  // namespace shardlm::net
