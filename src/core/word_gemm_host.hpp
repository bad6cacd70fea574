// word_gemm on CPU.
#pragma once

#include "shardlm/core/isa.hpp"
#include "shardlm/core/word_gemm.hpp"
#include "word_gemm_kernels.hpp"

namespace shardlm::detail {

const WordGemmKernels& word_gemm_kernels(Isa isa);

void word_gemm_host(const WordGemmKernels& kernels, const WordSource& source, std::size_t rows, std::size_t columns, const Word* x,
                    std::size_t tokens, Word* y);

}  // namespace shardlm::detail
