// The widest integer vector of the instruction set that this file is compiled for, and the few operations that ring_gemm needs.
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace {

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)

using Lanes = __m512i;
constexpr int kPassPairs = 1024;  // columns / 2 that one pass over the tokens covers: 128 KiB of weights, in the second-level cache
constexpr int kRowsAtOnce = 3;    // tokens whose sums stay in registers together: 3 x 2 x 4 of 32 registers
inline Lanes zero() { return _mm512_setzero_si512(); }
inline Lanes fill(uint32_t v) { return _mm512_set1_epi32(static_cast<int>(v)); }
inline Lanes load(const void* p) { return _mm512_loadu_si512(p); }
inline void store(void* p, Lanes v) { _mm512_storeu_si512(p, v); }
inline Lanes add(Lanes a, Lanes b) { return _mm512_add_epi32(a, b); }
inline Lanes bit_and(Lanes a, Lanes b) { return _mm512_and_si512(a, b); }
inline Lanes shift_right(Lanes a, int n) { return _mm512_srai_epi32(a, n); }
// sum + x.lo w.lo + x.hi w.hi. As an instruction, not an intrinsic: GCC 12 spills the sums of an unrolled block of intrinsics.
inline void multiply_add(Lanes& sum, Lanes x, Lanes w) { asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w)); }
inline Lanes absolute_pair_sum(Lanes w) {
  const Lanes sign = _mm512_or_si512(_mm512_srai_epi16(w, 15), _mm512_set1_epi16(1));
  return _mm512_madd_epi16(w, sign);
}

#elif defined(__AVX2__)

using Lanes = __m256i;
constexpr int kPassPairs = 128;  // a panel is read in parts, one after the other: 16 KiB of it, in the first-level cache
constexpr int kRowsAtOnce = 1;   // 2 x 4 or 2 x 5 sums of 16 registers
inline Lanes zero() { return _mm256_setzero_si256(); }
inline Lanes fill(uint32_t v) { return _mm256_set1_epi32(static_cast<int>(v)); }
inline Lanes load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline void store(void* p, Lanes v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
inline Lanes add(Lanes a, Lanes b) { return _mm256_add_epi32(a, b); }
inline Lanes bit_and(Lanes a, Lanes b) { return _mm256_and_si256(a, b); }
inline Lanes shift_right(Lanes a, int n) { return _mm256_srai_epi32(a, n); }
// The addition in place and in order, for the same reason.
inline void multiply_add(Lanes& sum, Lanes x, Lanes w) { asm volatile("vpaddd %1, %0, %0" : "+x"(sum) : "x"(_mm256_madd_epi16(x, w))); }
inline Lanes absolute_pair_sum(Lanes w) {
  const Lanes sign = _mm256_or_si256(_mm256_srai_epi16(w, 15), _mm256_set1_epi16(1));
  return _mm256_madd_epi16(w, sign);
}

#else

using Lanes = __m128i;
constexpr int kPassPairs = 128;
constexpr int kRowsAtOnce = 1;
inline Lanes zero() { return _mm_setzero_si128(); }
inline Lanes fill(uint32_t v) { return _mm_set1_epi32(static_cast<int>(v)); }
inline Lanes load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline void store(void* p, Lanes v) { _mm_storeu_si128(static_cast<__m128i*>(p), v); }
inline Lanes add(Lanes a, Lanes b) { return _mm_add_epi32(a, b); }
inline Lanes bit_and(Lanes a, Lanes b) { return _mm_and_si128(a, b); }
inline Lanes shift_right(Lanes a, int n) { return _mm_srai_epi32(a, n); }
inline void multiply_add(Lanes& sum, Lanes x, Lanes w) { asm volatile("paddd %1, %0" : "+x"(sum) : "x"(_mm_madd_epi16(x, w))); }
inline Lanes absolute_pair_sum(Lanes w) {
  const Lanes sign = _mm_or_si128(_mm_srai_epi16(w, 15), _mm_set1_epi16(1));
  return _mm_madd_epi16(w, sign);
}

#endif

constexpr int kLanes = sizeof(Lanes) / sizeof(int32_t);

}  // namespace
