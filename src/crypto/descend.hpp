// Paths from root to leaf: the window look-up and the comparison. Both servers know where a path goes, so it may be branched on.
#pragma once

#include "generate.hpp"
#include "tree.hpp"
#include "window.hpp"

namespace shardlm::crypto {

// The leaf at position x (low and high words) of 2^m.
template <class L>
SHARDLM_LANES void descend(const TileKeys<L>& keys, typename L::Vec low, typename L::Vec high, int m, typename L::Vec* bits) {
  Node<L> node = keys.root(), left, right;
  for (int level = 0; level < keys.depth; ++level) {
    keys.children(node, level, left, right);
    node = choose(bit_of<L>(low, high, m - 1 - level), right, left);
  }
  keys.leaf(node, bits);
}

template <class L>
SHARDLM_LANES void run(const WindowJob& job, size_t tile, int lane) {
  using V = typename L::Vec;
  const size_t first = tile * kTileLanes + lane;
  if (first >= job.keys.n) return;
  const TileKeys<L> keys(job.keys, tile, lane);
  const uint64_t last_cell = static_cast<uint64_t>(int64_t{job.first} + job.count - 1);
  uint64_t start[L::width], next[L::width];
  for (int i = 0; i < L::width; ++i) {
    start[i] = (first + i < job.keys.n ? job.z[first + i] : 0) - last_cell;
    next[i] = start[i] + 512;
  }
  V low, high, lower[16], upper[16];
  L::load64(start, low, high);
  descend<L>(keys, low, high, job.keys.m, lower);
  Windows<L> windows;
  const V at = low & 511;
  L::load64(next, low, high);
  descend<L>(keys, low, high, job.keys.m, upper);
  cut_windows<L>(lower, upper, at, windows);

  uint64_t out[2][L::width];
  const uint64_t minus = 0 - uint64_t{keys.party};
  for (int i = 0; i < L::width; ++i) {
    int32_t sums[2];
    masked_sums<L>(windows.bits[i], job.cells, job.cells + 512, (job.count + 15) / 16 * 16, sums[0], sums[1]);
    for (int c = 0; c < 2; ++c) out[c][i] = (static_cast<uint64_t>(int64_t{sums[c]}) ^ minus) - minus;
  }
  store_words<L>(job.a, first, job.keys.n, out[0]);
  store_words<L>(job.b, first, job.keys.n, out[1]);
}

// A place on the way to a leaf, and the parity of everything to the left of it.
template <class L>
struct Step {
  Node<L> node;
  typename L::Vec parity;  // a mask
};

// Parity of the leaf's bits 0 .. at, as bit 0 of each lane.
template <class L>
SHARDLM_LANES typename L::Vec parity_up_to(const typename L::Vec* bits, typename L::Vec at) {
  using V = typename L::Vec;
  V fold = L::splat(0);
  SHARDLM_UNROLL for (int i = 0; i < 16; ++i) {
    V upto = at + 1 - 32 * static_cast<uint32_t>(i);
    upto &= ~(-(upto >> 31));
    fold ^= bits[i] & ~L::shift_left(L::splat(~0u), upto);
  }
  return L::popcount(fold) & 1;
}

// [alpha <= x] = xor of the control bits of the left children passed on the way to x, and of the leaf's bits up to x.
// Queries of one key mostly share the first levels: a query goes on from where all lanes still agree with the one before.
template <class L>
SHARDLM_LANES void run(const PrefixJob& job, size_t tile, int lane) {
  using V = typename L::Vec;
  const size_t first = tile * kTileLanes + lane, n = job.keys.n;
  if (first >= n) return;
  const TileKeys<L> keys(job.keys, tile, lane);
  const int m = job.keys.m;
  Step<L> steps[kMaxDepth + 1];  // by level
  steps[0].node = keys.root();
  steps[0].parity = L::splat(0);
  uint64_t before[L::width] = {};
  int shared = 0;
  for (size_t q = 0; q < job.queries; ++q) {
    uint64_t x[L::width], differ = 0;
    for (int i = 0; i < L::width; ++i) {
      x[i] = first + i < n ? job.x[q * n + first + i] : 0;
      differ |= x[i] ^ before[i];
      before[i] = x[i];
    }
    if (m < 64) differ &= (uint64_t{1} << m) - 1;
    while (shared > 0 && differ >> (m - shared)) --shared;
    V low, high;
    L::load64(x, low, high);
    for (int level = shared; level < keys.depth; ++level) {
      Node<L> left, right;
      const V bit = bit_of<L>(low, high, m - 1 - level);
      keys.children(steps[level].node, level, left, right);
      steps[level + 1].parity = steps[level].parity ^ (left.t & bit);
      steps[level + 1].node = choose(bit, right, left);
    }
    shared = keys.depth;
    V bits[16];
    keys.leaf(steps[keys.depth].node, bits);
    const V at = low & (m < 9 ? (uint32_t{1} << m) - 1 : 511u);
    uint32_t parity[L::width];
    L::store(parity, (steps[keys.depth].parity & 1) ^ parity_up_to<L>(bits, at));
    uint64_t out[L::width];
    for (int i = 0; i < L::width; ++i) out[i] = parity[i];
    store_words<L>(job.out + q * n, first, n, out);
  }
}

// All bits, for tests.
template <class L>
struct WriteLeaves {
  const ExpandJob& job;
  size_t first;
  SHARDLM_LANES void operator()(uint32_t number, const typename L::Vec* bits) {
    const uint32_t words = job.keys.m < 5 ? 1 : job.keys.m < 9 ? 1u << (job.keys.m - 5) : 16;
    const uint32_t keep = job.keys.m < 5 ? (1u << (1u << job.keys.m)) - 1 : ~0u;
    for (uint32_t w = 0; w < words; ++w) {
      uint32_t lanes[L::width];
      L::store(lanes, bits[w] & keep);
      for (int i = 0; i < L::width; ++i)
        if (first + i < job.keys.n) job.out[(16 * size_t{number} + w) * job.keys.n + first + i] = lanes[i];
    }
  }
};

template <class L>
SHARDLM_LANES void run(const ExpandJob& job, size_t tile, int lane) {
  const size_t first = tile * kTileLanes + lane;
  if (first >= job.keys.n) return;
  const TileKeys<L> keys(job.keys, tile, lane);
  WriteLeaves<L> write{job, first};
  for_each_leaf(keys, keys.root(), 0, write);
}

}  // namespace shardlm::crypto
