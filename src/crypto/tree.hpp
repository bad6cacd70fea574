// Walking a DPF's tree: nodes, children, leaves (Boyle, Gilboa, Ishai, CCS'16, figure 1, Eval).
//
//   block(s, use, d) = ChaCha(key = s || salt, counter = d, nonce = (use, serial low, serial high))
//   children of (s, t) at level d:  w = block(s, node, d);   left  = (w[0..3] ^ t cw, w[8] ^ t cwL)
//                                                            right = (w[4..7] ^ t cw, w[9] ^ t cwR)
//   leaf of (s, t):                 block(s, leaf, depth) ^ t cwLeaf
#pragma once

#include "chacha.hpp"
#include "jobs.hpp"

namespace shardlm::crypto {

constexpr uint32_t kNodeBlock = 0, kLeafBlock = 1, kStreamBlock = 2, kWeightBlock = 3;  // Use, stream.hpp
constexpr int kMaxDepth = 55;                                         // m = 64
constexpr int kMaxWholeDepth = 11;                                    // m = 20: the largest domain that is expanded whole

template <class L>
struct Node {
  typename L::Vec seed[4];
  typename L::Vec t;  // control bit, as a mask
};

template <class L>
SHARDLM_LANES Node<L> choose(typename L::Vec mask, const Node<L>& a, const Node<L>& b) {
  Node<L> node;
  SHARDLM_UNROLL for (int i = 0; i < 4; ++i) node.seed[i] = L::select(mask, a.seed[i], b.seed[i]);
  node.t = L::select(mask, a.t, b.t);
  return node;
}

// Expands seeds of the L::width keys of a tile from lane on.
template <class L>
struct Generator {
  using V = typename L::Vec;
  uint32_t salt[4];
  V serial_low, serial_high;

  SHARDLM_LANES Generator(const BlockNames& names, size_t tile, int lane) {
    for (int i = 0; i < 4; ++i) salt[i] = names.salt[i];
    const uint64_t first = names.serial + tile * kTileLanes + lane;
    const V low = L::splat(static_cast<uint32_t>(first));
    serial_low = low + L::index();
    const V carry = ((low & L::index()) | ((low | L::index()) & ~serial_low)) >> 31;
    serial_high = L::splat(static_cast<uint32_t>(first >> 32)) + carry;
  }

  SHARDLM_LANES void block(const V* seed, uint32_t use, int level, V* out) const {
    const V key[8] = {seed[0], seed[1], seed[2], seed[3], L::splat(salt[0]), L::splat(salt[1]), L::splat(salt[2]), L::splat(salt[3])};
    const V tail[4] = {L::splat(static_cast<uint32_t>(level)), L::splat(use), serial_low, serial_high};
    chacha_block<L>(key, tail, kRounds, out);
  }
};

// One server's keys: the L::width of a tile from lane on.
template <class L>
struct TileKeys {
  using V = typename L::Vec;
  Generator<L> generator;
  const uint32_t *roots, *corrections, *controls;
  int depth, lane;
  uint32_t party;

  SHARDLM_LANES TileKeys(const KeyBatch& batch, size_t tile, int lane)
      : generator(batch.names, tile, lane),
        roots(batch.roots + tile * 4 * kTileLanes + lane),
        corrections(batch.corrections + tile * (4 * batch.depth + 16) * kTileLanes + lane),
        controls(batch.controls + tile * batch.depth),
        depth(batch.depth),
        lane(lane),
        party(batch.party) {
    if (lane == 0) prefetch(corrections + (4 * depth + 16) * kTileLanes, 4 * depth + 16);
  }

  // Brings the next tile's correction words near while this one's are worked on.
  static SHARDLM_LANES void prefetch(const uint32_t* next, int rows) {
#if !defined(__CUDA_ARCH__)
    for (int row = 0; row < rows; ++row) __builtin_prefetch(next + row * kTileLanes);
#endif
  }

  SHARDLM_LANES Node<L> root() const {
    Node<L> node;
    SHARDLM_UNROLL for (int i = 0; i < 4; ++i) node.seed[i] = L::load(roots + i * kTileLanes);
    node.t = L::splat(0u - party);
    return node;
  }

  SHARDLM_LANES void children(Node<L> node, int level, Node<L>& left, Node<L>& right) const {
    V w[16];
    generator.block(node.seed, kNodeBlock, level, w);
    SHARDLM_UNROLL for (int i = 0; i < 4; ++i) {
      const V correction = L::load(corrections + (4 * level + i) * kTileLanes) & node.t;
      left.seed[i] = w[i] ^ correction;
      right.seed[i] = w[4 + i] ^ correction;
    }
    const uint32_t control = controls[level] >> lane;
    left.t = -(w[8] & 1) ^ (node.t & L::mask(control));
    right.t = -(w[9] & 1) ^ (node.t & L::mask(control >> kTileLanes));
  }

  SHARDLM_LANES void leaf(const Node<L>& node, V* bits) const {
    generator.block(node.seed, kLeafBlock, depth, bits);
    SHARDLM_UNROLL for (int i = 0; i < 16; ++i) bits[i] ^= L::load(corrections + (4 * depth + i) * kTileLanes) & node.t;
  }
};

// Visits the 2^(depth - level) leaves below a node at that level from left to right: visit(number, its 16 words).
// Depth first: a node is expanded once, and only the right siblings on the way down wait in memory.
template <class L, class Visit>
SHARDLM_LANES void for_each_leaf(const TileKeys<L>& keys, const Node<L>& top, int level, Visit& visit) {
  const int height = keys.depth - level;
  Node<L> waiting[kMaxWholeDepth + 1];  // by height above the leaves
  waiting[height] = top;
  for (uint32_t number = 0; number < uint32_t{1} << height; ++number) {
    int at = 0;  // the height of the next waiting node: the trailing zeros of the leaf's number
    while (at < height && !(number >> at & 1)) ++at;
    Node<L> node = waiting[at], right;
    for (; at > 0; --at) {
      keys.children(node, keys.depth - at, node, right);
      waiting[at - 1] = right;
    }
    typename L::Vec bits[16];
    keys.leaf(node, bits);
    visit(number, bits);
  }
}

}  // namespace shardlm::crypto
