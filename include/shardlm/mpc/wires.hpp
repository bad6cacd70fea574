// Wires: secret tensors as one rank holds them. Every rank runs the same code on its own part.
//
//             stands for          server b holds   dealer holds
//   Shared    s_0 + s_1 + d       s_b              d (or nothing: zero)     additive shares
//   Masked    v - r               v                r                        opened: v is uniform
//   Bits      b_0 ^ b_1 ^ b_d     b_b              b_d                      Boolean shares
//   Bit       v ^ rho             v                rho                      an opened Boolean
// Shared and Masked: fixed-point tensors of a scale, in Z_{2^ring}. Whether a wire has a dealer's share, its ring and its
// scale are fixed by the code path, never by data.
#pragma once

#include "shardlm/core/ring.hpp"
#include "shardlm/core/tensor.hpp"

namespace shardlm::mpc {

struct Shared {
  Tensor x;           // this rank's share; on the dealer without meaning unless held
  int scale = 0;
  int ring = 64;
  bool held = false;  // has the dealer a share?
  const Shape& shape() const { return x.shape(); }
};

struct Masked {
  Tensor x;            // v on the servers, r at the dealer
  int scale = 0;
  int ring = 64;
  bool shared = false; // have the servers shares of r?
  Tensor share;        // on a server, if shared: its share of r. At the dealer its shape alone
  const Shape& shape() const { return x.shape(); }
};

struct Bits {
  Tensor x;  // words of 0 or 1
  const Shape& shape() const { return x.shape(); }
};

struct Bit {
  Tensor x;               // words of 0 or 1
  bool inverted = false;  // stands for the negation
  const Shape& shape() const { return x.shape(); }
};

inline Bit operator~(Bit bit) {
  bit.inverted = !bit.inverted;
  return bit;
}

// A public linear data movement (reshape, slice, transpose, gather), by every rank on what it holds.
template <class F>
Shared moved(const Shared& w, const F& move) {
  return {move(w.x), w.scale, w.ring, w.held};
}
template <class F>
Masked moved(const Masked& w, const F& move) {
  return {move(w.x), w.scale, w.ring, w.shared, w.shared ? move(w.share) : Tensor()};
}
template <class F>
Bits moved(const Bits& w, const F& move) {
  return {move(w.x)};
}
template <class F>
Bit moved(const Bit& w, const F& move) {
  return {move(w.x), w.inverted};
}

// Local arithmetic. Throws Error with both operands' numbers where scale, ring or shape differ.
Shared operator+(const Shared& a, const Shared& b);
Shared operator-(const Shared& a, const Shared& b);
Masked operator-(const Masked& a, const Masked& b);

// x >> t, in the ring 2^(k-t): free. The result is floor(x / 2^t) or one more (stochastic rounding, unbiased).
Masked reduce(const Masked& x, int t);

// x - 2^t (x's table index), the part that a table's index dropped, below 2^t in size: v mod 2^t and r mod 2^t are plain
// integers, so the wire lives in any ring. This is how a table's result gets back into a large ring without a round.
Masked remainder(const Masked& x, int t, int ring = 64);

// sum over the first axis of x[e] 2^shift[e].
Shared weighted_sum(const Shared& x, const std::vector<int>& shifts);

// The sum over the last axis, in the same ring.
Masked row_sums(const Masked& x);

}  // namespace shardlm::mpc
