// A stretch of 512 bits out of two neighbouring leaves, key by key: what meets a table laid out at a fixed place.
#pragma once

#include "lanes.hpp"

namespace shardlm::crypto {

// bits[j]: bits start + 64 j .. start + 64 j + 63 of a lane's two leaves, 0 <= start <= 512.
template <class L>
struct Windows {
  uint64_t bits[L::width][8];
};

template <class L>
SHARDLM_LANES void cut_windows(const typename L::Vec* lower, const typename L::Vec* upper, typename L::Vec start, Windows<L>& windows) {
  constexpr int kWords = 36;  // two leaves, and what a cut from bit 512 on reads past them
  alignas(64) uint32_t both[L::width][kWords];
  uint32_t starts[L::width];
  L::store_key_major(lower, &both[0][0], kWords);
  L::store_key_major(upper, &both[0][16], kWords);
  L::store(starts, start);
  for (int i = 0; i < L::width; ++i) {
    both[i][32] = both[i][33] = 0;
    L::cut(both[i], starts[i], windows.bits[i]);
  }
}

// Sum of cells[i] over the set bits i < 64 words, for two columns at once; every sum fits 32 bits, signed.
template <class L>
SHARDLM_LANES void masked_sums(const uint64_t* bits, const int32_t* cells0, const int32_t* cells1, int count, int32_t& sum0, int32_t& sum1) {
  using V = typename L::Vec;
  const auto* c0 = reinterpret_cast<const uint32_t*>(cells0);
  const auto* c1 = reinterpret_cast<const uint32_t*>(cells1);
  V s0 = L::splat(0), s1 = L::splat(0);
  for (int i = 0; i < count; i += L::width) {
    const V mask = L::mask(static_cast<uint32_t>(bits[i >> 6] >> (i & 63)));
    s0 += mask & L::load(c0 + i);
    s1 += mask & L::load(c1 + i);
  }
  sum0 = static_cast<int32_t>(L::sum(s0));
  sum1 = static_cast<int32_t>(L::sum(s1));
}

}  // namespace shardlm::crypto
