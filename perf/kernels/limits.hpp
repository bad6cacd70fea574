// What one core could do at most, measured beside each benchmark with nothing else in the way, by processor time.
#pragma once

#include "../../src/crypto/launch.hpp"
#include "shardlm/core/isa.hpp"

namespace shardlm::perf {

// Bytes a second read from memory.
double read_bandwidth();

// Products of two int16 added to an int32, a second: the multiply-add of the instruction set on registers alone
// (vpdpwssd; vpmaddwd and vpaddd; pmaddwd and paddd).
double int16_products(Isa isa);

// Products of two 64-bit words added mod 2^64, a second, on registers alone (vpmullq and vpaddq; what the compiler makes of it else).
double word_products(Isa isa);

// ChaCha blocks a second, made in registers: BlocksJob, with this many of a lane.
constexpr int kChainBlocks = 16;
double chacha_blocks(crypto::Form form);

}  // namespace shardlm::perf
