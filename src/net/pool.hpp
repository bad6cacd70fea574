// Message buffers, kept for reuse: pinning memory costs milliseconds, and fresh host memory a page fault every 4 KiB.
#pragma once

#include "shardlm/core/types.hpp"

namespace shardlm::net {

// A buffer of at least `bytes`, its content unspecified.
MessageBuffer take_buffer(std::size_t bytes);

// Gives one back, wiping its first `used` bytes. Nobody else may hold it; one that is still shared is left to its other owner.
void recycle_buffer(MessageBuffer buffer, std::size_t used) noexcept;

}  // namespace shardlm::net
