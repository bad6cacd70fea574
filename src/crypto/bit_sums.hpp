// Sums over set bits without looking at them one by one: how many, and where they lie.
#pragma once

#include "lanes.hpp"

namespace shardlm::crypto {

// The sum of the positions (0 .. 31) of x's set bits.
template <class L>
SHARDLM_LANES typename L::Vec position_sum(typename L::Vec x) {
  return L::popcount(x & 0xAAAAAAAAu) + 2 * L::popcount(x & 0xCCCCCCCCu) + 4 * L::popcount(x & 0xF0F0F0F0u) + 8 * L::popcount(x & 0xFF00FF00u) +
         16 * L::popcount(x & 0xFFFF0000u);
}

// Adds up the positions (0 .. 511) of the set bits of many leaves. A tree of carry-save adders (Harley and Seal) turns 16
// words into one of weight 16, so that position_sum runs once a leaf; what is left over waits in ones .. eights.
template <class L>
struct PositionSum {
  using V = typename L::Vec;
  V ones = L::splat(0), twos = L::splat(0), fours = L::splat(0), eights = L::splat(0);
  V in_word = L::splat(0), words = L::splat(0);  // sums of bit % 32 and of bit / 32

  static SHARDLM_LANES V add(V& low, V a, V b) {  // low := parity, returns the carry
    const V carry = L::majority(low, a, b);
    low = L::parity(low, a, b);
    return carry;
  }
  SHARDLM_LANES V add_four(const V* x) {
    const V a = add(ones, x[0], x[1]);
    return add(twos, a, add(ones, x[2], x[3]));
  }
  SHARDLM_LANES V add_eight(const V* x) {
    const V a = add_four(x);
    return add(fours, a, add_four(x + 4));
  }

  // Returns the leaf's number of set bits.
  SHARDLM_LANES V add_leaf(const V* x) {
    V count = L::splat(0), weighted = L::splat(0);
    SHARDLM_UNROLL for (int i = 15; i > 0; --i) {
      count += L::popcount(x[i]);
      weighted += count;
    }
    words += weighted;
    const V a = add_eight(x);
    in_word += 16 * position_sum<L>(add(eights, a, add_eight(x + 8)));
    return count + L::popcount(x[0]);
  }

  SHARDLM_LANES V total() const {
    return 32 * words + in_word + position_sum<L>(ones) + 2 * position_sum<L>(twos) + 4 * position_sum<L>(fours) + 8 * position_sum<L>(eights);
  }
};

}  // namespace shardlm::crypto
