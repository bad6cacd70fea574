// Masked sums of table bytes, the part of a look-up that is not ChaCha, with the byte dot products of AVX-512 and AVX2.
#pragma once

#include "look_up_cells.hpp"
#include "look_up_line.hpp"
#include "vector_lanes.hpp"

namespace shardlm::crypto {

#if defined(__AVX512F__)

using Avx512 = SHARDLM_ISA_TAG::VectorLanes;

// Lane k: the sum of x[k]'s lanes.
SHARDLM_LANES __m512i sum_each(const __m512i* x) {
  __m512i pairs[8], fours[4];
  SHARDLM_UNROLL for (int i = 0; i < 8; ++i)
    pairs[i] = _mm512_add_epi32(_mm512_unpacklo_epi32(x[2 * i], x[2 * i + 1]), _mm512_unpackhi_epi32(x[2 * i], x[2 * i + 1]));
  SHARDLM_UNROLL for (int i = 0; i < 4; ++i)
    fours[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(pairs[2 * i], pairs[2 * i + 1]), _mm512_unpackhi_epi64(pairs[2 * i], pairs[2 * i + 1]));
  const __m512i a = _mm512_add_epi32(_mm512_shuffle_i32x4(fours[0], fours[1], 0x88), _mm512_shuffle_i32x4(fours[0], fours[1], 0xDD));
  const __m512i b = _mm512_add_epi32(_mm512_shuffle_i32x4(fours[2], fours[3], 0x88), _mm512_shuffle_i32x4(fours[2], fours[3], 0xDD));
  return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
}

// 64 bits as bytes of 0 or 1.
SHARDLM_LANES __m512i spread(uint64_t bits) { return _mm512_maskz_set1_epi8(bits, 1); }

template <>
struct Deviations<Avx512> {
  alignas(64) int32_t sums[2][16];

  static SHARDLM_LANES __m512i dot(const LineCells& table, int limb, const uint64_t* bits) {
    __m512i sum = _mm512_setzero_si512();
    for (int at = table.first[limb]; at < table.last[limb]; at += 64)
      sum = _mm512_dpbusd_epi32(sum, spread(bits[at / 64]), _mm512_loadu_si512(table.limbs[limb] + at));
    return sum;
  }
  SHARDLM_LANES void add(const LineCells& table, const Windows<Avx512>& windows) {
    __m512i a[16], b[16];
    for (int i = 0; i < 16; ++i) {
      const uint64_t* bits = windows.bits[i];
      a[i] = _mm512_add_epi32(dot(table, 0, bits),
                              _mm512_add_epi32(_mm512_slli_epi32(dot(table, 1, bits), 8), _mm512_slli_epi32(dot(table, 2, bits), 16)));
      b[i] = dot(table, 3, bits);
    }
    _mm512_store_si512(sums[0], sum_each(a));
    _mm512_store_si512(sums[1], sum_each(b));
  }
};

template <>
struct CellSum<Avx512> {
  __m512i low = _mm512_setzero_si512(), high = _mm512_setzero_si512();

  SHARDLM_LANES void add(const uint64_t* bits, const CellJob& job, uint32_t first, uint32_t mask) {
    SHARDLM_UNROLL for (uint32_t j = 0; j < 8; ++j) {
      const uint32_t entry = (first + 64 * j) & mask;
      const __m512i bytes = spread(bits[j]);
      low = _mm512_dpbusd_epi32(low, _mm512_loadu_si512(job.low + entry), bytes);
      high = _mm512_dpbusd_epi32(high, _mm512_loadu_si512(job.high + entry), bytes);
    }
  }
  SHARDLM_LANES uint64_t sum() const {
    return static_cast<uint64_t>(_mm512_reduce_add_epi32(low)) + (static_cast<uint64_t>(_mm512_reduce_add_epi32(high)) << 8);
  }
};

#elif defined(__AVX2__)

using Avx2 = SHARDLM_ISA_TAG::VectorLanes;

// 32 bits as bytes of 0 or -1.
SHARDLM_LANES __m256i spread(const uint64_t* bits, int word) {
  const __m256i bytes = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
  const __m256i x = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits[word / 2] >> (32 * (word & 1)))), bytes);
  return _mm256_cmpeq_epi8(_mm256_and_si256(x, bit), bit);
}
SHARDLM_LANES __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
SHARDLM_LANES __m256i sum_pairs(__m256i x) { return _mm256_madd_epi16(x, _mm256_set1_epi16(1)); }

template <>
struct Deviations<Avx2> {
  int32_t sums[2][8];

  // Sums of 512 products stay below 2^13 in each 16-bit lane.
  static SHARDLM_LANES __m256i dot(const LineCells& table, int limb, const uint64_t* bits) {
    __m256i sum = _mm256_setzero_si256();
    for (int at = table.first[limb]; at < table.last[limb]; at += 32) {
      const __m256i bytes = _mm256_and_si256(spread(bits, at / 32), _mm256_set1_epi8(1));
      sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(bytes, load256(table.limbs[limb] + at)));
    }
    return sum_pairs(sum);
  }
  SHARDLM_LANES void add(const LineCells& table, const Windows<Avx2>& windows) {
    for (int i = 0; i < 8; ++i) {
      const uint64_t* bits = windows.bits[i];
      const __m256i a = _mm256_add_epi32(dot(table, 0, bits), _mm256_add_epi32(_mm256_slli_epi32(dot(table, 1, bits), 8),
                                                                               _mm256_slli_epi32(dot(table, 2, bits), 16)));
      const __m256i halves = _mm256_hadd_epi32(a, dot(table, 3, bits)), quarters = _mm256_hadd_epi32(halves, halves);
      const __m128i both = _mm_add_epi32(_mm256_castsi256_si128(quarters), _mm256_extracti128_si256(quarters, 1));
      sums[0][i] = _mm_extract_epi32(both, 0);
      sums[1][i] = _mm_extract_epi32(both, 1);
    }
  }
};

template <>
struct CellSum<Avx2> {
  __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();  // minus the sums

  SHARDLM_LANES void add(const uint64_t* bits, const CellJob& job, uint32_t first, uint32_t mask) {
    __m256i low16 = _mm256_setzero_si256(), high16 = low16;  // 16 sums of two bytes stay below 2^13
    for (int j = 0; j < 16; ++j) {
      const uint32_t entry = (first + 32 * j) & mask;
      const __m256i bytes = spread(bits, j);
      low16 = _mm256_add_epi16(low16, _mm256_maddubs_epi16(load256(job.low + entry), bytes));
      high16 = _mm256_add_epi16(high16, _mm256_maddubs_epi16(load256(job.high + entry), bytes));
    }
    low = _mm256_add_epi32(low, sum_pairs(low16));
    high = _mm256_add_epi32(high, sum_pairs(high16));
  }
  SHARDLM_LANES uint64_t sum() const {
    using V = Avx2::Vec;
    return 0 - (static_cast<uint64_t>(int64_t{static_cast<int32_t>(Avx2::sum((V)low))}) +
                (static_cast<uint64_t>(int64_t{static_cast<int32_t>(Avx2::sum((V)high))}) << 8));
  }
};

#endif

}  // namespace shardlm::crypto
