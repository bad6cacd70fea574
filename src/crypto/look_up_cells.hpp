// A look-up over the whole domain in a table without structure: every cell counts.
//
// Bit i meets cell z - i, which the reversed table holds at entry (i - z) mod 2^m. The string of bits is moved up by r = -z mod 64,
// after which every 64 of them meet 64 entries that start at a multiple of 64: no unaligned reads, no wrap inside.
#pragma once

#include "tree.hpp"

namespace shardlm::crypto {

// One key's sum of (low + 256 high) over the set bits.
template <class L>
struct CellSum {
  typename L::Vec total = L::splat(0);

  // 512 bits, which meet the entries (first + 0 .. 511) mod the table's size; first is a multiple of 64.
  SHARDLM_LANES void add(const uint64_t* bits, const CellJob& job, uint32_t first, uint32_t mask) {
    for (uint32_t j = 0; j < 512; j += L::width) {
      const uint32_t entry = (first + j) & mask;
      total += L::mask(static_cast<uint32_t>(bits[j >> 6] >> (j & 63))) & (L::load_bytes(job.low + entry) + (L::load_bytes(job.high + entry) << 8));
    }
  }
  SHARDLM_LANES uint64_t sum() const {
    uint32_t lanes[L::width];
    L::store(lanes, total);
    uint64_t sum = 0;
    for (int i = 0; i < L::width; ++i) sum += lanes[i];
    return sum;
  }
};

// Keeps the leaves of a tile's keys until L::kept_leaves of them are there, then reads them key by key: the table stays in
// the nearest cache that way.
template <class L>
struct CellSums {
  static constexpr uint32_t kKept = L::kept_leaves;
  const CellJob& job;
  uint32_t mask;                             // 2^m - 1
  uint32_t z[L::width];
  alignas(64) uint32_t words[L::width][16 * kKept + 16];  // leaves from word 2 on, behind the last 64 bits before them
  CellSum<L> sums[L::width];

  SHARDLM_LANES explicit CellSums(const CellJob& job) : job(job), mask((uint32_t{1} << job.keys.m) - 1) {
    for (int i = 0; i < L::width; ++i) words[i][0] = words[i][1] = 0;
  }

  SHARDLM_LANES uint32_t up(int i) const { return (0u - z[i]) & 63; }  // z + up is a multiple of 64

  // Entries are zero from job.last on and before job.first.
  SHARDLM_LANES bool all_zero(uint32_t first) const {
    const uint32_t from = (first - job.first) & mask;
    return from >= job.last - job.first && from + 512 <= mask + 1;
  }

  SHARDLM_LANES void operator()(uint32_t number, const typename L::Vec* bits) {
    const uint32_t slot = number % kKept;
    L::store_key_major(bits, &words[0][2 + 16 * slot], 16 * kKept + 16);
    if (slot == kKept - 1 || 512 * number + 511 == mask) read(number - slot, slot + 1);
  }

  SHARDLM_LANES void read(uint32_t leaf, uint32_t count) {
    for (int i = 0; i < L::width; ++i) {
      CellSum<L> sum = sums[i];
      for (uint32_t k = 0; k < count; ++k) {
        const uint32_t first = (512 * (leaf + k) - (z[i] + up(i))) & mask;
        if (all_zero(first)) continue;
        alignas(64) uint64_t moved[8];
        L::cut(words[i] + 16 * k, 64 - up(i), moved);
        sum.add(moved, job, first, mask);
      }
      sums[i] = sum;
      for (int j = 0; j < 2; ++j) words[i][j] = words[i][16 * count + j];
    }
  }

  // The bits that were moved past the end meet what the first ones meet.
  SHARDLM_LANES void finish() {
    for (int i = 0; i < L::width; ++i) {
      const uint64_t moved[8] = {word64(words[i], 0) >> 1 >> (63 - up(i))};
      sums[i].add(moved, job, (0u - (z[i] + up(i))) & mask, mask);
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
  CellSums<L> sums(job);
  L::store(sums.z, z & sums.mask);
  for_each_leaf(keys, keys.root(), 0, sums);
  sums.finish();

  uint64_t out[L::width];
  const uint64_t minus = 0 - uint64_t{keys.party};
  for (int i = 0; i < L::width; ++i) out[i] = (sums.sums[i].sum() ^ minus) - minus;
  store_words<L>(job.out, first, job.keys.n, out);
}

}  // namespace shardlm::crypto
