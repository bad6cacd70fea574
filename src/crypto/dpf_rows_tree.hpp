// Walking the tree of one row key (dpf_rows.hpp): its nodes lie side by side in lanes, where tree.hpp has those of many keys.
#pragma once

#include "tree.hpp"

namespace shardlm::crypto {

constexpr uint32_t kRowNodeBlock = 4, kRowLeafBlock = 5;  // Use, stream.hpp
constexpr int kMostRowDepth = 27;                         // m = 30

// A server's keys as the kernels read them, in 32-bit words: root 4, a level 4 of seed and 1 of control bits (bit 0 left, bit 1 right), leaf 16.
struct RowBatch {
  static constexpr int kLevelWords = 5;
  int depth;
  uint32_t party;         // the root's control bit
  uint32_t salt[4];
  uint32_t first_serial;  // of token 0
  size_t tokens;
  size_t pitch;           // words a key
  const uint32_t* keys;   // [tokens][pitch]
};

template <class L>
struct RowTree {
  using V = typename L::Vec;
  const uint32_t *key, *salt;
  uint32_t serial, party;
  int depth;

  SHARDLM_LANES RowTree(const RowBatch& batch, size_t token)
      : key(batch.keys + token * batch.pitch),
        salt(batch.salt),
        serial(batch.first_serial + static_cast<uint32_t>(token)),
        party(batch.party),
        depth(batch.depth) {}

  SHARDLM_LANES void block(const V* seed, uint32_t use, int level, V* out) const {
    const V name[8] = {seed[0], seed[1], seed[2], seed[3], L::splat(salt[0]), L::splat(salt[1]), L::splat(salt[2]), L::splat(salt[3])};
    const V tail[4] = {L::splat(static_cast<uint32_t>(level)), L::splat(use), L::splat(serial), L::splat(0)};
    chacha_block<L>(name, tail, kRounds, out);
  }

  SHARDLM_LANES Node<L> root() const {
    Node<L> node;
    SHARDLM_UNROLL for (int i = 0; i < 4; ++i) node.seed[i] = L::splat(key[i]);
    node.t = L::splat(0u - party);
    return node;
  }

  SHARDLM_LANES void children(const Node<L>& node, int level, Node<L>& left, Node<L>& right) const {
    const uint32_t* correction = key + 4 + RowBatch::kLevelWords * level;
    V w[16];
    block(node.seed, kRowNodeBlock, level, w);
    SHARDLM_UNROLL for (int i = 0; i < 4; ++i) {
      const V mend = L::splat(correction[i]) & node.t;
      left.seed[i] = w[i] ^ mend;
      right.seed[i] = w[4 + i] ^ mend;
    }
    left.t = -(w[8] & 1) ^ (node.t & L::splat(0u - (correction[4] & 1)));
    right.t = -(w[9] & 1) ^ (node.t & L::splat(0u - (correction[4] >> 1 & 1)));
  }

  // The leaf before its correction.
  SHARDLM_LANES void leaf(const Node<L>& node, V* words) const { block(node.seed, kRowLeafBlock, depth, words); }
  SHARDLM_LANES uint64_t leaf_correction(int j) const { return word64(key + 4 + RowBatch::kLevelWords * depth, static_cast<size_t>(j)); }
};

}  // namespace shardlm::crypto
