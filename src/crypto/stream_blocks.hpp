// Blocks of a stream's draw: 16 a tile, each lane its own.
#pragma once

#include "tree.hpp"

namespace shardlm::crypto {

// What becomes of one block, the number-th of its draw.
template <class L>
SHARDLM_LANES void write_block(const StreamJob& job, const uint32_t* block, size_t number) {
  const size_t per_block = job.form == StreamJob::words ? 8 : job.form == StreamJob::bits ? 512 : 16;
  const size_t begin = number * per_block;
  if (begin >= job.n) return;
  const size_t count = job.n - begin < per_block ? job.n - begin : per_block;
  if (job.form == StreamJob::words) {
    for (size_t i = 0; i < count; ++i) job.out[begin + i] = word64(block, i) & job.keep;
  } else if (job.form == StreamJob::bits) {
    for (size_t i = 0; i < count; ++i) job.out[begin + i] = block[i / 32] >> (i % 32) & 1;
  } else {
    for (size_t i = 0; i < count; ++i) job.out32[begin + i] = block[i];
  }
}

template <class L>
SHARDLM_LANES void run(const StreamJob& job, size_t tile, int lane) {
  using V = typename L::Vec;
  const size_t first = tile * kTileLanes + lane;
  V key[8], block[16];
  SHARDLM_UNROLL for (int i = 0; i < 8; ++i) key[i] = L::splat(job.key[i]);
  const V tail[4] = {L::splat(static_cast<uint32_t>(first)) + L::index(), L::splat(kStreamBlock), L::splat(static_cast<uint32_t>(job.draw)),
                     L::splat(static_cast<uint32_t>(job.draw >> 32))};
  chacha_block<L>(key, tail, kRounds, block);
  alignas(64) uint32_t out[L::width][16];
  L::store_key_major(block, &out[0][0], 16);
  for (int i = 0; i < L::width; ++i) write_block<L>(job, out[i], first + i);
}

}  // namespace shardlm::crypto
