// Fixed-point numbers in the ring Z_{2^k}, k <= 64, carried in 64-bit words.
//
// A real a is stored as round(a * 2^f) mod 2^k: "scale f". Negative numbers are two's complement. All arithmetic is
// ordinary unsigned arithmetic, which wraps mod 2^64; low() cuts a word to a smaller ring.
#pragma once

#include "shardlm/core/types.hpp"

#include <cmath>

namespace shardlm {

// x mod 2^k, 1 <= k <= 64.
KOKKOS_INLINE_FUNCTION Word low(Word x, int k) { return x & (~Word{0} >> (64 - k)); }

// The top bit of a k-bit element, 0 or 1.
KOKKOS_INLINE_FUNCTION Word msb(Word x, int k) { return (x >> (k - 1)) & 1; }

// The element of [-2^(k-1), 2^(k-1)) that a k-bit word stands for.
KOKKOS_INLINE_FUNCTION std::int64_t as_signed(Word x, int k) {
  return static_cast<std::int64_t>(x << (64 - k)) >> (64 - k);
}

// The bytes in which a k-bit element travels.
constexpr int bytes_of(int k) { return (k + 7) / 8; }

// Real to ring at scale f; |a| < 2^(k-1-f), rounded to nearest, ties to even.
inline Word encode(double a, int f, int k = 64) {
  return low(static_cast<Word>(static_cast<std::int64_t>(std::nearbyint(std::ldexp(a, f)))), k);
}

inline double decode(Word x, int f, int k = 64) { return std::ldexp(static_cast<double>(as_signed(x, k)), -f); }

}  // namespace shardlm
