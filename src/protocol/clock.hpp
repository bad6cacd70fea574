#pragma once

#include <chrono>

namespace shardlm::protocol {

// Seconds since some moment.
inline double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace shardlm::protocol
