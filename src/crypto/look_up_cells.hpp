// A look-up over the whole domain in a table without structure: every cell counts.
//
// Bit i meets cell z - i, which the reversed table holds at entry (i - z) mod 2^m. The bits of each leaf are moved up by
// r = -z mod 64, after which every 64 of them meet 64 entries that start at a multiple of 64: no unaligned reads, no wrap inside.
#pragma once

#include "tree.hpp"

namespace shardlm::crypto {

// Sum of 64 entries (low + 256 high) over the set bits.
template <class L>
struct CellSum {
  typename L::Vec total = L::splat(0);

  SHARDLM_LANES void add(uint64_t bits, const uint8_t* low, const uint8_t* high) {
    for (int i = 0; i < 64; i += L::width)
      total += L::mask(static_cast<uint32_t>(bits >> i)) & (L::load_bytes(low + i) + (L::load_bytes(high + i) << 8));
  }
  SHARDLM_LANES uint64_t sum() const {
    uint32_t lanes[L::width];
    L::store(lanes, total);
    uint64_t sum = 0;
    for (int i = 0; i < L::width; ++i) sum += lanes[i];
    return sum;
  }
};

template <class L>
struct CellSums {
  const CellJob& job;
  uint32_t z[L::width];
  CellSum<L> sums[L::width];

  SHARDLM_LANES void operator()(uint32_t number, const typename L::Vec* bits) {
    alignas(64) uint32_t words[L::width][16];
    L::store_key_major(bits, &words[0][0], 16);
    const uint32_t mask = (uint32_t{1} << job.keys.m) - 1;
    for (int i = 0; i < L::width; ++i) {
      const uint32_t up = (0u - z[i]) & 63;  // z + up is a multiple of 64
      uint64_t carry = 0;
      for (uint32_t j = 0; j <= 8; ++j) {
        const uint64_t word = j < 8 ? word64(words[i], j) : 0;
        const uint32_t entry = (512 * number + 64 * j - (z[i] + up)) & mask;
        if (entry >= job.first && entry < job.last) sums[i].add(word << up | carry, job.low + entry, job.high + entry);
        carry = word >> 1 >> (63 - up);
      }
    }
  }
};

template <class L>
SHARDLM_LANES void run(const CellJob& job, size_t tile, int lane) {
  const size_t first = tile * kTileLanes + lane;
  if (first >= job.keys.n) return;
  const TileKeys<L> keys(job.keys, tile, lane);
  typename L::Vec z, unused;
  load_words<L>(job.z, first, job.keys.n, z, unused);
  CellSums<L> sums{job, {}, {}};
  L::store(sums.z, z & ((uint32_t{1} << job.keys.m) - 1));
  for_each_leaf(keys, keys.root(), 0, sums);

  uint64_t out[L::width];
  const uint64_t minus = 0 - uint64_t{keys.party};
  for (int i = 0; i < L::width; ++i) out[i] = (sums.sums[i].sum() ^ minus) - minus;
  store_words<L>(job.out, first, job.keys.n, out);
}

}  // namespace shardlm::crypto
