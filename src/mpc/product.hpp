// A product of wires p + q rho, expanded: the sum over subsets S of the factors of
//   (public coefficient: base's, times p outside S, times q inside S) x [dealer's value: base's, times rho inside S].
// Servers and dealer walk the same list of terms. Every term's value is dealt but for
//   public_term   no secret in it: server 0 adds it
//   mask_term     the mask of a wire whose mask the servers share already
//   held_term     the coefficient is a constant: the value stays with the dealer
#pragma once

#include "shardlm/core/ring.hpp"

namespace shardlm::mpc {

enum TermKind : std::uint8_t { public_term, mask_term, dealt_term, held_term };

struct Term {
  std::uint8_t base, subset;
  TermKind kind;
  std::uint8_t slot;  // among the dealt ones
};

constexpr int kMaxFactors = 4, kMaxTerms = 16;

struct ProductTerms {
  enum Base : int { plain = 0, signed_value = 1, spline = 2 };
  int base = plain, factors = 0, ring = 64, terms = 0, dealt = 0;
  Term term[kMaxTerms] = {};
  const Word *a = nullptr, *b = nullptr, *x = nullptr, *sign = nullptr;  // base operands: v on servers, r at the dealer
  const Word* factor[kMaxFactors] = {};
  const Word* share[kMaxFactors] = {};
  bool bit[kMaxFactors] = {}, inverted[kMaxFactors] = {};

  // bits[j]: is factor j a Bit, whose q is not constant?
  void enumerate() {
    const int bases = base == plain ? 1 : base == signed_value ? 2 : 4;
    const int all = (1 << factors) - 1;
    bool constant_factors = true;
    for (int j = 0; j < factors; ++j) constant_factors = constant_factors && !bit[j];
    for (int c = 0; c < bases; ++c)
      for (int subset = 0; subset <= all; ++subset) {
        const bool single = base == plain && subset && !(subset & (subset - 1));
        const bool constant = (base == plain || c == bases - 1) && subset == all && constant_factors;
        TermKind kind = dealt_term;
        if (base == plain && !subset) kind = public_term;
        else if (constant) kind = held_term;
        else if (single && !bit[single_index(subset)]) kind = mask_term;
        term[terms++] = {std::uint8_t(c), std::uint8_t(subset), kind, std::uint8_t(kind == dealt_term ? dealt++ : 0)};
      }
  }

  static int single_index(int subset) {
    int j = 0;
    while (!(subset >> j & 1)) ++j;
    return j;
  }

  // A server's sum, from the dealt shares [dealt][n].
  KOKKOS_INLINE_FUNCTION Word server(const Word* shares, std::size_t n, std::size_t i, bool first) const {
    Word coefficient[4] = {1, 0, 0, 0};
    if (base == signed_value) {
      coefficient[0] = a[i];
      coefficient[1] = ~Word{0};
    } else if (base == spline) {
      coefficient[0] = a[i] + b[i] * x[i];
      coefficient[1] = Word{0} - b[i];
      coefficient[2] = Word{0} - x[i];
      coefficient[3] = 1;
    }
    Word p[kMaxFactors], q[kMaxFactors];
    for (int j = 0; j < factors; ++j) {
      p[j] = factor[j][i] ^ Word(inverted[j]);
      q[j] = bit[j] ? 1 - 2 * p[j] : ~Word{0};
    }
    Word sum = 0;
    for (int t = 0; t < terms; ++t) {
      if (term[t].kind == held_term) continue;
      Word c = coefficient[term[t].base];
      for (int j = 0; j < factors; ++j) c *= term[t].subset >> j & 1 ? q[j] : p[j];
      if (term[t].kind == dealt_term) sum += c * shares[term[t].slot * n + i];
      else if (term[t].kind == mask_term) sum += c * share_of(term[t].subset, i);
      else if (first) sum += c;
    }
    return low(sum, ring);
  }

  KOKKOS_INLINE_FUNCTION Word share_of(int subset, std::size_t i) const {
    for (int j = 0; j < factors; ++j)
      if (subset == 1 << j) return share[j][i];
    return 0;
  }

  // The dealer's side: values to deal into out[dealt][n]; returns its own share.
  KOKKOS_INLINE_FUNCTION Word dealer(Word* out, std::size_t n, std::size_t i) const {
    Word value[4] = {1, 0, 0, 0};
    if (base == signed_value) {
      value[0] = sign[i];
      value[1] = sign[i] * a[i];
    } else if (base == spline) {
      value[0] = sign[i];
      value[1] = sign[i] * x[i];
      value[2] = sign[i] * b[i];
      value[3] = sign[i] * (b[i] * x[i] - a[i]);
    }
    Word held = 0;
    for (int t = 0; t < terms; ++t) {
      if (term[t].kind == public_term || term[t].kind == mask_term) continue;
      Word v = value[term[t].base], q = base == signed_value ? ~Word{0} : 1;
      for (int j = 0; j < factors; ++j)
        if (term[t].subset >> j & 1) {
          v *= factor[j][i];
          q = Word{0} - q;
        }
      if (term[t].kind == held_term) held += q * v;
      else out[term[t].slot * n + i] = low(v, ring);
    }
    return low(held, ring);
  }
};

}  // namespace shardlm::mpc
