// libsodium, started.
#pragma once

#include <sodium.h>

namespace shardlm::ot {

// Before libsodium's random numbers and ciphers, from any thread and as often as one likes; throws Error if it cannot start.
void start_sodium();

}  // namespace shardlm::ot
