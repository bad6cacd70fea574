// What a kernel needs from a lane type, and the plain one: one key a lane, 32 bits a word.
//
// Every kernel here is a template over such a type L. With ScalarLanes it is what a CUDA thread runs; with the GCC vectors
// of vector_lanes.hpp the same text works on 8 or 16 keys. Each instruction set has its own VectorLanes type, so its
// instantiations have names of their own and the linker cannot merge code for one machine into callers on another.
// For the same reason nothing here may come from the standard library or Kokkos.
//
// A mask is a word of all ones or all zeros. Secrets are combined by masks alone, never by branches or indices.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__CUDACC__)
#define SHARDLM_LANES __host__ __device__ __forceinline__
#define SHARDLM_UNROLL _Pragma("unroll")
#define SHARDLM_ROLL _Pragma("unroll 1")
#else
#define SHARDLM_LANES inline __attribute__((always_inline))
#define SHARDLM_UNROLL _Pragma("GCC unroll 16")
#define SHARDLM_ROLL _Pragma("GCC unroll 1")
#endif

namespace shardlm::crypto {

constexpr int kTileLanes = 16;  // keys that lie side by side, word[..][16]

// Words 2 j and 2 j + 1 of a bit string as one.
SHARDLM_LANES uint64_t word64(const uint32_t* words, size_t j) { return words[2 * j] | uint64_t{words[2 * j + 1]} << 32; }

struct ScalarLanes {
  using Vec = uint32_t;
  static constexpr int width = 1;
  static constexpr int kept_leaves = 1;  // that a kernel may keep in fast memory

  static SHARDLM_LANES Vec splat(uint32_t x) { return x; }
  static SHARDLM_LANES Vec index() { return 0; }  // lane i holds i
  static SHARDLM_LANES Vec load(const uint32_t* p) { return *p; }
  static SHARDLM_LANES void store(uint32_t* p, Vec x) { *p = x; }
  static SHARDLM_LANES void load64(const uint64_t* p, Vec& low, Vec& high) {
    low = static_cast<uint32_t>(*p);
    high = static_cast<uint32_t>(*p >> 32);
  }
  static SHARDLM_LANES Vec load_bytes(const uint8_t* p) { return *p; }  // lane i holds p[i]
  // out[lane * stride + word] = words[word] of that lane.
  static SHARDLM_LANES void store_key_major(const Vec* words, uint32_t* out, int) {
    SHARDLM_UNROLL for (int i = 0; i < 16; ++i) out[i] = words[i];
  }

  // out[0..7]: 512 bits of a string from bit `start` on; reads its 64-bit words start / 64 .. start / 64 + 8.
  static SHARDLM_LANES void cut(const uint32_t* words, uint32_t start, uint64_t* out) {
    const uint32_t* from = words + 2 * (start >> 6);
    const uint32_t by = start & 63;
    for (int j = 0; j < 8; ++j) out[j] = word64(from, j) >> by | word64(from, j + 1) << 1 << (63 - by);
  }

  template <int R>
  static SHARDLM_LANES Vec rotate(Vec x) { return (x << R) | (x >> (32 - R)); }
  static SHARDLM_LANES Vec select(Vec mask, Vec a, Vec b) { return b ^ ((a ^ b) & mask); }  // mask ? a : b
  static SHARDLM_LANES Vec shift_left(Vec x, Vec n) { return n < 32 ? x << (n & 31) : 0; }  // n public
  static SHARDLM_LANES Vec popcount(Vec x) {
#if defined(__CUDA_ARCH__)
    return static_cast<uint32_t>(__popc(x));
#else
    return static_cast<uint32_t>(__builtin_popcount(x));
#endif
  }
  static SHARDLM_LANES Vec majority(Vec a, Vec b, Vec c) { return (a & b) | ((a ^ b) & c); }
  static SHARDLM_LANES Vec parity(Vec a, Vec b, Vec c) { return a ^ b ^ c; }
  static SHARDLM_LANES uint32_t sum(Vec x) { return x; }  // over the lanes

  static SHARDLM_LANES Vec mask(uint32_t bits) { return 0u - (bits & 1); }           // lane i: bit i, spread
  static SHARDLM_LANES uint32_t bits(Vec mask) { return mask & 1; }                  // the inverse
  static SHARDLM_LANES Vec equal(Vec a, uint32_t b) { return nonzero(a ^ b) ^ ~0u; }  // masks
  static SHARDLM_LANES Vec nonzero(Vec a) { return 0u - ((a | (0u - a)) >> 31); }
  // *word |= bits, where the 16 lanes of a tile may be 16 threads.
  static SHARDLM_LANES void or_into(uint32_t* word, uint32_t bits) {
#if defined(__CUDA_ARCH__)
    atomicOr(word, bits);
#else
    __atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
#endif
  }
};

// Lanes' values of a public or secret 64-bit array, zeros from n on.
template <class L>
SHARDLM_LANES void load_words(const uint64_t* values, size_t first, size_t n, typename L::Vec& low, typename L::Vec& high) {
  if (first + L::width <= n) return L::load64(values + first, low, high);
  uint64_t some[L::width];
  for (int i = 0; i < L::width; ++i) some[i] = first + i < n ? values[first + i] : 0;
  L::load64(some, low, high);
}

template <class L>
SHARDLM_LANES void store_words(uint64_t* values, size_t first, size_t n, const uint64_t* some) {
  for (int i = 0; i < L::width; ++i)
    if (first + i < n) values[first + i] = some[i];
}

}  // namespace shardlm::crypto
