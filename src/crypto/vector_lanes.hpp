// Lanes as GCC vectors: 16 keys under AVX-512, 8 otherwise (two registers of SSE2 each on plain x86-64, any vector unit elsewhere).
// The operations are lanes.hpp's. Only kernels.isa.cpp includes this, once an instruction set.
#pragma once

#include "lanes.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace shardlm::crypto::SHARDLM_ISA_TAG {

struct VectorLanes {
#if defined(__AVX512F__)
  static constexpr int width = 16;
#else
  static constexpr int width = 8;
#endif
  static constexpr int kept_leaves = 32;
  typedef uint32_t Vec __attribute__((vector_size(4 * width)));
  typedef uint32_t Unaligned __attribute__((vector_size(4 * width), aligned(4), may_alias));

  static SHARDLM_LANES Vec splat(uint32_t x) { return Vec{} + x; }
  static SHARDLM_LANES Vec load(const uint32_t* p) { return *reinterpret_cast<const Unaligned*>(p); }
  static SHARDLM_LANES void store(uint32_t* p, Vec x) { *reinterpret_cast<Unaligned*>(p) = x; }
#if defined(__AVX512F__)
  static SHARDLM_LANES Vec index() { return Vec{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }
  static SHARDLM_LANES Vec powers() { return splat(1) << index(); }
#else
  static SHARDLM_LANES Vec index() { return Vec{0, 1, 2, 3, 4, 5, 6, 7}; }
  static SHARDLM_LANES Vec powers() { return Vec{1, 2, 4, 8, 16, 32, 64, 128}; }
#endif
  static SHARDLM_LANES void load64(const uint64_t* p, Vec& low, Vec& high) {
    const uint32_t* words = reinterpret_cast<const uint32_t*>(p);
    const Vec a = load(words), b = load(words + width);
    low = __builtin_shuffle(a, b, 2 * index());
    high = __builtin_shuffle(a, b, 2 * index() + 1);
  }
  static SHARDLM_LANES Vec load_bytes(const uint8_t* p) {
    typedef uint8_t Bytes __attribute__((vector_size(width), aligned(1), may_alias));
    return __builtin_convertvector(*reinterpret_cast<const Bytes*>(p), Vec);
  }
  static SHARDLM_LANES void store_key_major(const Vec* words, uint32_t* out, int stride);
  static SHARDLM_LANES void cut(const uint32_t* words, uint32_t start, uint64_t* out) {
#if defined(__AVX512F__)
    const uint32_t* from = words + 2 * (start >> 6);
    const __m512i low = _mm512_loadu_si512(from), high = _mm512_loadu_si512(from + 2);
    const __m128i by = _mm_cvtsi32_si128(start & 63), rest = _mm_cvtsi32_si128(64 - (start & 63));
    _mm512_storeu_si512(out, _mm512_or_si512(_mm512_srl_epi64(low, by), _mm512_sll_epi64(high, rest)));  // a shift by 64 gives 0
    asm volatile("" : "+m"(*reinterpret_cast<uint64_t(*)[8]>(out)));  // masks load from memory; GCC would take the register to pieces
#else
    ScalarLanes::cut(words, start, out);
#endif
  }

  template <int R>
  static SHARDLM_LANES Vec rotate(Vec x) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    if constexpr (R == 16 || R == 8) {  // one byte shuffle instead of two shifts
      const __m256i by = R == 16 ? _mm256_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8,
                                                    9, 14, 15, 12, 13)
                                 : _mm256_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9,
                                                    10, 15, 12, 13, 14);
      return (Vec)_mm256_shuffle_epi8((__m256i)x, by);
    }
#endif
    return (x << R) | (x >> (32 - R));
  }
  static SHARDLM_LANES Vec select(Vec mask, Vec a, Vec b) { return b ^ ((a ^ b) & mask); }
  static SHARDLM_LANES Vec shift_left(Vec x, Vec n) {
#if defined(__AVX512F__)
    return (Vec)_mm512_sllv_epi32((__m512i)x, (__m512i)n);
#elif defined(__AVX2__)
    return (Vec)_mm256_sllv_epi32((__m256i)x, (__m256i)n);
#else
    return (x << (n & 31)) & (Vec)(n < 32);
#endif
  }
  static SHARDLM_LANES Vec popcount(Vec x) {
#if defined(__AVX512VPOPCNTDQ__)
    return (Vec)_mm512_popcnt_epi32((__m512i)x);
#else
    x = x - ((x >> 1) & 0x55555555);
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333);
    x = (x + (x >> 4)) & 0x0F0F0F0F;
    x += x >> 8;
    x += x >> 16;
    return x & 63;
#endif
  }
#if defined(__AVX512F__)
  static SHARDLM_LANES Vec majority(Vec a, Vec b, Vec c) { return (Vec)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0xE8); }
  static SHARDLM_LANES Vec parity(Vec a, Vec b, Vec c) { return (Vec)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0x96); }
#else
  static SHARDLM_LANES Vec majority(Vec a, Vec b, Vec c) { return (a & b) | ((a ^ b) & c); }
  static SHARDLM_LANES Vec parity(Vec a, Vec b, Vec c) { return a ^ b ^ c; }
#endif
  static SHARDLM_LANES uint32_t sum(Vec x) {
#if defined(__AVX512F__)
    return static_cast<uint32_t>(_mm512_reduce_add_epi32((__m512i)x));
#else
    uint32_t total = 0;
    for (int i = 0; i < width; ++i) total += x[i];
    return total;
#endif
  }

  static SHARDLM_LANES Vec mask(uint32_t bits) {
#if defined(__AVX512F__)
    return (Vec)_mm512_maskz_set1_epi32(static_cast<__mmask16>(bits), -1);
#else
    return (Vec)((splat(bits) & powers()) == powers());
#endif
  }
  static SHARDLM_LANES uint32_t bits(Vec mask) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask((__m512i)mask);
#elif defined(__AVX2__)
    return static_cast<uint32_t>(_mm256_movemask_ps((__m256)mask));
#else
    return sum(mask & powers());
#endif
  }
  static SHARDLM_LANES Vec equal(Vec a, uint32_t b) { return (Vec)(a == splat(b)); }
  static SHARDLM_LANES Vec nonzero(Vec a) { return (Vec)(a != Vec{}); }
  static SHARDLM_LANES void or_into(uint32_t* word, uint32_t bits) { *word |= bits; }
};

#if defined(__AVX512F__)
// A 16 x 16 transposition in four steps of 16 shuffles: pairs of words, of double words, then 128-bit lanes.
SHARDLM_LANES void VectorLanes::store_key_major(const Vec* words, uint32_t* out, int stride) {
  __m512i r[16], t[16];
  SHARDLM_UNROLL for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32((__m512i)words[i], (__m512i)words[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32((__m512i)words[i], (__m512i)words[i + 1]);
  }
  SHARDLM_UNROLL for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  SHARDLM_UNROLL for (int k = 0; k < 4; ++k) {  // r[4 g + k]: 128-bit lane b holds words 4 g .. 4 g + 3 of key 4 b + k
    const __m512i a = _mm512_shuffle_i32x4(r[k], r[4 + k], 0x44), b = _mm512_shuffle_i32x4(r[k], r[4 + k], 0xEE);
    const __m512i c = _mm512_shuffle_i32x4(r[8 + k], r[12 + k], 0x44), d = _mm512_shuffle_i32x4(r[8 + k], r[12 + k], 0xEE);
    _mm512_storeu_si512(out + k * stride, _mm512_shuffle_i32x4(a, c, 0x88));
    _mm512_storeu_si512(out + (4 + k) * stride, _mm512_shuffle_i32x4(a, c, 0xDD));
    _mm512_storeu_si512(out + (8 + k) * stride, _mm512_shuffle_i32x4(b, d, 0x88));
    _mm512_storeu_si512(out + (12 + k) * stride, _mm512_shuffle_i32x4(b, d, 0xDD));
  }
}
#else
SHARDLM_LANES void VectorLanes::store_key_major(const Vec* words, uint32_t* out, int stride) {
  for (int i = 0; i < 16; ++i)
    for (int lane = 0; lane < width; ++lane) out[lane * stride + i] = words[i][lane];
}
#endif

}  // namespace shardlm::crypto::SHARDLM_ISA_TAG
