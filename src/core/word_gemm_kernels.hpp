// The CPU kernels of word_gemm, one table an instruction set. Included by files compiled for machines that the host may not be, so
// plain data only.
#pragma once

#include <stdint.h>

namespace shardlm::detail {

struct WordGemmKernels {
  // sums [tokens][8] += weights [columns][8] times x [columns][stride] of `tokens` neighbouring tokens.
  void (*multiply)(const uint64_t* weights, const uint64_t* x, int64_t stride, int64_t columns, int64_t tokens, uint64_t* sums);
};

extern const WordGemmKernels word_gemm_baseline, word_gemm_avx2, word_gemm_avx512;

}  // namespace shardlm::detail
