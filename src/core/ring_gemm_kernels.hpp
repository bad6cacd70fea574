// The CPU kernels of ring_gemm behind raw pointers, one table an instruction set. This header is included by files compiled for
// machines that the host may not be, so it holds plain data only: no functions, no default member values.
//
// A ring word is split into signed 16-bit limbs, x = sum_l limb_l 2^offset_l mod 2^64, so that an instruction that adds two
// int16 x int16 products to an int32 does the work. The limb at offset_l matters mod 2^(64 - offset_l) alone: limbs at 32 bits
// and above may wrap in their 32-bit sums, only those below must not. Two ways to split:
//   four limbs at 0 16 32 48         exact while sum |w| between two carries stays below kFourLimit; a fifth cheaper
//   five limbs at 0 11 22 32 48      exact below kFiveLimit, which 63 weights of -32768 do not reach
// A carry moves what a low sum holds above its limb's width into the next limb, in registers.
#pragma once

#include <stdint.h>

namespace shardlm::detail {

constexpr int kSplits = 2;
constexpr int kLimbs[kSplits] = {4, 5};

// With limbs in [-2^(b-1), 2^(b-1)) a sum stays inside int32 if S 2^(b-1) + carry in + remainder < 2^31, where the carry from
// below is at most 2^31 / 2^b and the remainder below 2^b: b = 16: S < 65536 - 3, b = 11: S < 2^21 - 1026. Rounded down.
constexpr int32_t kFourLimit = 65500;
constexpr int32_t kFiveLimit = (1 << 21) - 1100;

// Carries come every 4, 8, .. or 1024 pairs of columns, and where a pass ends: level i stands for kFirstBlock << i pairs. (A pass
// is a power of two too, so that blocks begin at multiples of their length, where block_sums() looks.)
constexpr int kFirstBlock = 4;
constexpr int kLevels = 9;
constexpr int kLongestBlock = kFirstBlock << (kLevels - 1);

struct RingGemmPanel {
  const int16_t* weights;  // one panel of one plane, [pairs][32][2]
  const uint32_t* limbs;   // [tokens][pairs][limbs]: the limbs of two neighbouring words, the even one low
  uint64_t* y;             // [tokens][y_stride], the panel's first row
  const uint8_t* shifts;   // [32]: the left shift of each row's result
  int64_t pairs, tokens, y_stride;
  int32_t rows;   // 1 .. 32 of the panel's rows exist
  int32_t block;  // pairs between two carries, kFirstBlock << level
  int32_t add;    // 0: y is overwritten; 1: added to
};

struct RingGemmKernels {
  // One row of words to [(columns + 1) / 2][limbs] pairs; a missing last column is zero.
  void (*split[kSplits])(const uint64_t* x, int64_t columns, uint32_t* limbs);
  void (*multiply[kSplits])(const RingGemmPanel& panel);
  // largest[level] = the largest sum of |w| over a row of the panel and an aligned block of that level.
  void (*block_sums)(const int16_t* weights, int64_t pairs, int32_t largest[kLevels]);
};

extern const RingGemmKernels ring_gemm_baseline, ring_gemm_avx2, ring_gemm_avx512;

}  // namespace shardlm::detail
