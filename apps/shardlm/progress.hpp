// How far a long job of writing has come, on standard error; and that it leaves nothing behind where it is interrupted.
#pragma once

#include <cstdint>

#include "clock.hpp"

namespace shardlm::app {

class Progress {
 public:
  void operator()(std::uint64_t done, std::uint64_t all);  // bytes

 private:
  Clock clock_;
  bool ended_ = false;
  double shown_at_ = -1;
  unsigned shown_percent_ = 0;
};

// SIGINT and SIGTERM remove the unfinished file or folder and end the process.
void remove_on_signals();

}  // namespace shardlm::app
