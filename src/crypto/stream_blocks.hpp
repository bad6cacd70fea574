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

template <class L>
SHARDLM_LANES void run(const WeightJob& job, size_t tile, int lane) {
  using V = typename L::Vec;
  const size_t panel = tile / job.tiles_a_panel, at = tile % job.tiles_a_panel * kTileLanes + lane;
  V key[8], block[16];
  SHARDLM_UNROLL for (int i = 0; i < 8; ++i) key[i] = L::splat(job.key[i]);
  const V tail[4] = {L::splat(static_cast<uint32_t>(job.first_column + at)) + L::index(), L::splat(kWeightBlock),
                     L::splat(static_cast<uint32_t>(job.first_panel + panel)),
                     L::splat(job.matrix)};
  chacha_block<L>(key, tail, kRounds, block);
  uint64_t* out = job.out + (panel * job.columns + at) * 8;
  if (at + L::width <= job.columns) {
    L::store_key_major(block, reinterpret_cast<uint32_t*>(out), 16);
    return;
  }
  alignas(64) uint32_t words[L::width][16];
  L::store_key_major(block, &words[0][0], 16);
  for (int i = 0; i < L::width && at + i < job.columns; ++i)
    for (int j = 0; j < 8; ++j) out[8 * i + j] = word64(words[i], j);
}

// Two chains of blocks, each fed with the one before, so that neither memory nor latency limits.
constexpr int kChain = 16;

template <class L>
SHARDLM_LANES void run(const BlocksJob& job, size_t tile, int lane) {
  using V = typename L::Vec;
  const Generator<L> generator({{1, 2, 3, 4}, tile * kTileLanes}, 0, lane);
  V a[4] = {L::splat(1), L::splat(2), L::splat(3), L::index()}, b[4] = {L::splat(5), L::splat(6), L::splat(7), L::index()};
  for (int i = 0; i < kChain; i += 2) {
    V w[16];
    generator.block(a, kLeafBlock, i, w);
    SHARDLM_UNROLL for (int j = 0; j < 4; ++j) a[j] = w[j] ^ w[4 + j] ^ w[8 + j] ^ w[12 + j];
    generator.block(b, kLeafBlock, i, w);
    SHARDLM_UNROLL for (int j = 0; j < 4; ++j) b[j] = w[j] ^ w[4 + j] ^ w[8 + j] ^ w[12 + j];
  }
  job.out[tile] = L::sum(a[0] ^ a[1] ^ a[2] ^ a[3] ^ b[0] ^ b[1] ^ b[2] ^ b[3]);
}

}  // namespace shardlm::crypto
