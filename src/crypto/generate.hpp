// Gen of Boyle, Gilboa, Ishai, CCS'16, figure 1: the dealer walks both servers' trees along alpha and makes the two nodes
// beside the path equal, the two on it differ. alpha is secret: every choice by its bits is a mask.
#pragma once

#include "tree.hpp"

namespace shardlm::crypto {

// Both servers' nodes on the path.
template <class L>
struct Path {
  Node<L> node[2];
};

// One level down: writes the level's correction words and follows alpha's bit, given as a mask.
template <class L>
SHARDLM_LANES void generate_level(const Generator<L>& generator, int level, typename L::Vec right, Path<L>& path, uint32_t* seeds, uint32_t* control,
                                  int lane) {
  using V = typename L::Vec;
  V w[2][16], t_left[2], t_right[2];
  for (int b = 0; b < 2; ++b) {
    generator.block(path.node[b].seed, kNodeBlock, level, w[b]);
    t_left[b] = -(w[b][8] & 1);
    t_right[b] = -(w[b][9] & 1);
  }
  // cwL = t0L ^ t1L ^ alpha ^ 1, cwR = t0R ^ t1R ^ alpha
  const V left_control = t_left[0] ^ t_left[1] ^ ~right, right_control = t_right[0] ^ t_right[1] ^ right;
  L::or_into(control, L::bits(left_control) << lane | L::bits(right_control) << (kTileLanes + lane));
  SHARDLM_UNROLL for (int i = 0; i < 4; ++i) {
    const V lose = L::select(right, w[0][i] ^ w[1][i], w[0][4 + i] ^ w[1][4 + i]);
    L::store(seeds + i * kTileLanes, lose);
    for (int b = 0; b < 2; ++b) path.node[b].seed[i] = L::select(right, w[b][4 + i], w[b][i]) ^ (lose & path.node[b].t);
  }
  const V keep_control = L::select(right, right_control, left_control);
  for (int b = 0; b < 2; ++b) path.node[b].t = L::select(right, t_right[b], t_left[b]) ^ (path.node[b].t & keep_control);
}

// The leaf's correction word: both leaves' difference, and the one bit at alpha. Returns a mask: is server 0's bit there set?
template <class L>
SHARDLM_LANES typename L::Vec generate_leaf(const Generator<L>& generator, int depth, typename L::Vec at, const Path<L>& path, uint32_t* leaf) {
  using V = typename L::Vec;
  V w[2][16];
  for (int b = 0; b < 2; ++b) generator.block(path.node[b].seed, kLeafBlock, depth, w[b]);
  const V bit = L::shift_left(L::splat(1), at & 31), word = at >> 5;
  V there = L::splat(0);
  SHARDLM_UNROLL for (int i = 0; i < 16; ++i) {
    const V hit = L::equal(word, static_cast<uint32_t>(i)) & bit;
    const V correction = w[0][i] ^ w[1][i] ^ hit;
    L::store(leaf + i * kTileLanes, correction);
    there |= (w[0][i] ^ (correction & path.node[0].t)) & hit;
  }
  return L::nonzero(there);
}

template <class L>
SHARDLM_LANES typename L::Vec bit_of(typename L::Vec low, typename L::Vec high, int i) {  // as a mask
  return -((i < 32 ? low >> i : high >> (i - 32)) & 1);
}

template <class L>
SHARDLM_LANES void run(const GenerateJob& job, size_t tile, int lane) {
  using V = typename L::Vec;
  const size_t first = tile * kTileLanes + lane;
  V low, high;
  load_words<L>(job.alpha, first, job.n, low, high);
  const Generator<L> generator(job.names, tile, lane);
  Path<L> path;
  for (int b = 0; b < 2; ++b) {
    SHARDLM_UNROLL for (int i = 0; i < 4; ++i) path.node[b].seed[i] = L::load(job.roots[b] + (4 * tile + i) * kTileLanes + lane);
    path.node[b].t = L::splat(0u - static_cast<uint32_t>(b));
  }
  uint32_t* out = job.corrections + tile * (4 * job.depth + 16) * kTileLanes + lane;
  for (int level = 0; level < job.depth; ++level, out += 4 * kTileLanes)
    generate_level<L>(generator, level, bit_of<L>(low, high, job.m - 1 - level), path, out, job.controls + tile * job.depth + level, lane);
  const uint32_t leaf_mask = job.m < 9 ? (uint32_t{1} << job.m) - 1 : 511;
  const V plus = generate_leaf<L>(generator, job.depth, low & leaf_mask, path, out);

  uint32_t positive[L::width];
  L::store(positive, plus);
  uint64_t signs[L::width];
  for (int i = 0; i < L::width; ++i) signs[i] = (uint64_t{positive[i] & 2}) - 1;
  store_words<L>(job.signs, first, job.n, signs);
}

}  // namespace shardlm::crypto
