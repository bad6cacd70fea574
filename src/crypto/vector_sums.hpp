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
SHARDLM_LANES __m512i spread(uint64_t bits) { return _mm512_maskz_mov_epi8(bits, _mm512_set1_epi8(1)); }

template <>
struct Deviations<Avx512> {
  alignas(64) int32_t sums[2][16];

  SHARDLM_LANES void add(const LineCells& table, const Windows<Avx512>& windows) {
    __m512i a[16], b[16];
    for (int i = 0; i < 16; ++i) {
      __m512i sum[LineCells::kLimbs] = {};
      SHARDLM_UNROLL for (int j = 0; j < 8; ++j) {
        const __m512i bytes = spread(windows.bits[i][j]);
        SHARDLM_UNROLL for (int limb = 0; limb < LineCells::kLimbs; ++limb)
          sum[limb] = _mm512_dpbusd_epi32(sum[limb], bytes, _mm512_loadu_si512(table.limbs[limb] + 64 * j));
      }
      a[i] = _mm512_add_epi32(sum[0], _mm512_add_epi32(_mm512_slli_epi32(sum[1], 8), _mm512_slli_epi32(sum[2], 16)));
      b[i] = sum[3];
    }
    _mm512_store_si512(sums[0], sum_each(a));
    _mm512_store_si512(sums[1], sum_each(b));
  }
};

template <>
struct CellSum<Avx512> {
  static constexpr int kChains = 4;  // hide the dot product's latency
  __m512i low[kChains] = {}, high[kChains] = {};

  SHARDLM_LANES void add(const uint64_t* bits, const CellJob& job, uint32_t first, uint32_t mask) {
    SHARDLM_UNROLL for (uint32_t j = 0; j < 8; ++j) {
      const uint32_t entry = (first + 64 * j) & mask;
      const __m512i bytes = spread(bits[j]);
      low[j % kChains] = _mm512_dpbusd_epi32(low[j % kChains], _mm512_loadu_si512(job.low + entry), bytes);
      high[j % kChains] = _mm512_dpbusd_epi32(high[j % kChains], _mm512_loadu_si512(job.high + entry), bytes);
    }
  }
  static SHARDLM_LANES uint64_t sum(const __m512i* x) {
    return static_cast<uint64_t>(_mm512_reduce_add_epi32(_mm512_add_epi32(_mm512_add_epi32(x[0], x[1]), _mm512_add_epi32(x[2], x[3]))));
  }
  SHARDLM_LANES uint64_t sum() const { return sum(low) + (sum(high) << 8); }
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
  SHARDLM_LANES void add(const LineCells& table, const Windows<Avx2>& windows) {
    for (int i = 0; i < 8; ++i) {
      __m256i sum[LineCells::kLimbs] = {};
      for (int j = 0; j < 16; ++j) {
        const __m256i bytes = _mm256_and_si256(spread(windows.bits[i], j), _mm256_set1_epi8(1));
        SHARDLM_UNROLL for (int limb = 0; limb < LineCells::kLimbs; ++limb)
          sum[limb] = _mm256_add_epi16(sum[limb], _mm256_maddubs_epi16(bytes, load256(table.limbs[limb] + 32 * j)));
      }
      SHARDLM_UNROLL for (int limb = 0; limb < LineCells::kLimbs; ++limb) sum[limb] = sum_pairs(sum[limb]);
      const __m256i a = _mm256_add_epi32(sum[0], _mm256_add_epi32(_mm256_slli_epi32(sum[1], 8), _mm256_slli_epi32(sum[2], 16)));
      const __m256i halves = _mm256_hadd_epi32(a, sum[3]), quarters = _mm256_hadd_epi32(halves, halves);
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
