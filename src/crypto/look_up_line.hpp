// A look-up over the whole domain in a table that is a line outside a window: sum over i of t[i] T[z - i].
//
// Bit i meets cell z - i. Write z = 512 l0 + p and let D = m - 9, H = 2^(D-1). Swapping children by z's bit at every level
// makes leaf k of the walk the tree's leaf l0 ^ k, so that leaf 0 holds z's own bit, and leaf H the bit half a domain away:
//   leaf 0   bits 0..p have cells p..0; bits above p have cells below zero
//   leaf H   bits above p have the line's last cells; bits 0..p lie beyond its end
//   of each other pair k, k ^ H exactly one lies wholly on the line (cells 0 .. 2^(m-1) - 1)
// Which one depends on bit h of z alone, h being k's highest bit: so whole subtrees are chosen at their root, before they
// are expanded, and 2^D + 2 D - 1 blocks are spent instead of 2^(D+1) - 1. On the line the sum needs only the number of set
// bits and the sum of their positions. What remains is the window of 512 cells around zero: leaf 0 and one neighbour.
#pragma once

#include "bit_sums.hpp"
#include "tree.hpp"
#include "window.hpp"

namespace shardlm::crypto {

// What the line needs: the number of set bits with cells on it, and the sum of those cells.
template <class L>
struct LineSums {
  using V = typename L::Vec;
  PositionSum<L> positions;
  V count = L::splat(0), leaf_cells = L::splat(0);
  V first_cell;  // of the subtree in hand: 512 (l0 - l) for its first leaf l

  SHARDLM_LANES void operator()(uint32_t number, const V* bits) {
    const V set = positions.add_leaf(bits);
    count += set;
    leaf_cells += set * (first_cell - (number << 9));
  }
};

// The three leaves that need care, and everything on the way to them: sums collects the subtrees beside the path.
template <class L>
struct LineWalk {
  using V = typename L::Vec;
  Node<L> own, opposite, neighbour;

  // position: l0; apart: l0 ^ (number of the window's other leaf), which is 2^j - 1.
  SHARDLM_LANES LineWalk(const TileKeys<L>& keys, V position, V apart, LineSums<L>& sums) {
    const int depth = keys.depth;
    const uint32_t half = uint32_t{1} << (depth - 1);
    const V top = -((position >> (depth - 1)) & 1);
    Node<L> left, right;
    keys.children(keys.root(), 0, left, right);
    own = choose(top, right, left);
    opposite = neighbour = choose(top, left, right);
    for (int level = 1; level < depth; ++level) {
      const int h = depth - 1 - level;  // the bit of the leaf's number that is decided here
      const V bit = -((position >> h) & 1);
      keys.children(own, level, left, right);
      own = choose(bit, right, left);
      const Node<L> beside_own = choose(bit, left, right);
      keys.children(opposite, level, left, right);
      opposite = choose(bit, right, left);
      const Node<L> beside_opposite = choose(bit, left, right);
      // The other leaf's path parts from leaf 0's at j = h + 1 and takes the side that leaf 0's does not from there on.
      if (level == 1) {
        neighbour = beside_opposite;
      } else {
        keys.children(neighbour, level, left, right);
        neighbour = choose(bit, left, right);
      }
      neighbour = choose(L::equal(apart >> h, 1), beside_own, neighbour);

      const V beside = ((position >> h) ^ 1) << h;  // its first leaf, of the half that has it on the line
      sums.first_cell = ((position - beside) & (half - 1)) << 9;
      const Node<L> chosen = choose(bit, beside_own, beside_opposite);
      for_each_leaf(keys, chosen, level + 1, sums);
    }
  }
};

// Sums of the table's deviations from the line over each window's set bits.
template <class L>
struct Deviations {
  int32_t sums[2][L::width];

  SHARDLM_LANES void add(const LineCells& table, const Windows<L>& windows) {
    for (int i = 0; i < L::width; ++i)
      masked_sums<L>(windows.bits[i], table.deviation[0], table.deviation[1], LineCells::kWindow, sums[0][i], sums[1][i]);
  }
};

template <class L>
SHARDLM_LANES void run(const LineJob& job, size_t tile, int lane) {
  using V = typename L::Vec;
  const size_t first = tile * kTileLanes + lane;
  if (first >= job.keys.n) return;
  const TileKeys<L> keys(job.keys, tile, lane);
  const uint32_t leaves = uint32_t{1} << keys.depth;
  V z, unused;
  load_words<L>(job.z, first, job.keys.n, z, unused);
  const V p = z & 511, position = (z >> 9) & (leaves - 1);
  const V up = -(p >> 8);  // is the window's other leaf the next one, or the one before?
  const V apart = (position ^ (position + L::select(up, L::splat(1), L::splat(~0u)))) & (leaves - 1);

  LineSums<L> sums;
  const LineWalk<L> walk(keys, position, apart, sums);
  V own[16], ends[16], neighbour[16];
  keys.leaf(walk.own, own);
  keys.leaf(walk.opposite, ends);
  V set_far = L::splat(0);
  SHARDLM_UNROLL for (int i = 0; i < 16; ++i) {  // blend: bits 0..p of leaf 0, the others of leaf H
    V below = p + 1 - 32 * static_cast<uint32_t>(i);      // how many bits of this word lie at or below p
    below &= ~(-(below >> 31));
    const V above = L::shift_left(L::splat(~0u), below);
    ends[i] &= above;
    set_far += L::popcount(ends[i]);
    ends[i] |= own[i] & ~above;
  }
  sums.first_cell = L::splat(0);
  sums(0, ends);
  sums.leaf_cells += set_far << (keys.depth + 8);  // leaf H is 512 H cells further
  const V cells = sums.count * p + sums.leaf_cells - sums.positions.total();

  keys.leaf(walk.neighbour, neighbour);
  V lower[16], upper[16];
  SHARDLM_UNROLL for (int i = 0; i < 16; ++i) {
    lower[i] = L::select(up, own[i], neighbour[i]);
    upper[i] = L::select(up, neighbour[i], own[i]);
  }
  Windows<L> windows;
  cut_windows<L>(lower, upper, p - 255 + (~up & 512), windows);

  Deviations<L> deviations;
  deviations.add(*job.table, windows);

  uint32_t counts[L::width], sums_of_cells[L::width];
  L::store(counts, sums.count);
  L::store(sums_of_cells, cells);
  uint64_t out[2][L::width];
  const uint64_t minus = 0 - uint64_t{keys.party};
  for (int i = 0; i < L::width; ++i) {
    for (int c = 0; c < 2; ++c) {
      const uint64_t sum = job.table->slope[c] * sums_of_cells[i] + job.table->offset[c] * counts[i] + static_cast<uint64_t>(int64_t{deviations.sums[c][i]});
      out[c][i] = (sum ^ minus) - minus;
    }
  }
  store_words<L>(job.a, first, job.keys.n, out[0]);
  store_words<L>(job.b, first, job.keys.n, out[1]);
}

}  // namespace shardlm::crypto
