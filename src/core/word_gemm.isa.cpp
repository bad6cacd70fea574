// The CPU kernels of word_gemm, compiled once an instruction set. A lane is a row; a token's word is broadcast.
//
// On AVX-512 a product mod 2^64 is one vpmullq. Limbs of 52 bits (IFMA) would take four multiply-adds for it, and ran no faster
// on Zen 4, where vpmullq is one operation; where it is three (Intel) they would not either.
#include "word_gemm_kernels.hpp"

#include <immintrin.h>

#define UNROLL _Pragma("GCC unroll 16")

namespace {

#if defined(__AVX512DQ__)
constexpr int kBytes = 64, kMostTokens = 10;
#elif defined(__AVX2__)
constexpr int kBytes = 32, kMostTokens = 3;
#else
constexpr int kBytes = 16, kMostTokens = 2;
#endif

typedef uint64_t Lanes __attribute__((vector_size(kBytes), may_alias, aligned(8)));
constexpr int kLanes = kBytes / 8, kVectors = 8 / kLanes;
constexpr int kPrefetch = 4096;  // bytes ahead: with few tokens, weights come from memory and are used once

template <int Tokens>
void multiply_tokens(const uint64_t* weights, const uint64_t* x, int64_t stride, int64_t columns, uint64_t* sums) {
  Lanes sum[Tokens][kVectors];
  UNROLL for (int t = 0; t < Tokens; t++) {
    UNROLL for (int v = 0; v < kVectors; v++) sum[t][v] = *reinterpret_cast<const Lanes*>(sums + t * 8 + v * kLanes);
  }
  for (int64_t c = 0; c < columns; c++, weights += 8, x += stride) {
    _mm_prefetch(reinterpret_cast<const char*>(weights) + kPrefetch, _MM_HINT_T0);
    Lanes w[kVectors];
    UNROLL for (int v = 0; v < kVectors; v++) w[v] = *reinterpret_cast<const Lanes*>(weights + v * kLanes);
    UNROLL for (int t = 0; t < Tokens; t++) {
      UNROLL for (int v = 0; v < kVectors; v++) sum[t][v] += w[v] * x[t];
    }
  }
  UNROLL for (int t = 0; t < Tokens; t++) {
    UNROLL for (int v = 0; v < kVectors; v++) *reinterpret_cast<Lanes*>(sums + t * 8 + v * kLanes) = sum[t][v];
  }
}

template <int Tokens>
void multiply_some(int64_t tokens, const uint64_t* weights, const uint64_t* x, int64_t stride, int64_t columns, uint64_t* sums) {
  if (tokens == Tokens) return multiply_tokens<Tokens>(weights, x, stride, columns, sums);
  if constexpr (Tokens > 1) multiply_some<Tokens - 1>(tokens, weights, x, stride, columns, sums);
}

void multiply(const uint64_t* weights, const uint64_t* x, int64_t stride, int64_t columns, int64_t tokens, uint64_t* sums) {
  const int64_t passes = (tokens + kMostTokens - 1) / kMostTokens;
  for (int64_t pass = 0; pass < passes; pass++) {  // even ones: 19 tokens by tens as 9 and 10
    const int64_t first = tokens * pass / passes, some = tokens * (pass + 1) / passes - first;
    multiply_some<kMostTokens>(some, weights, x + first, stride, columns, sums + first * 8);
  }
}

}  // namespace

namespace shardlm::detail {

#define SHARDLM_JOIN_(a, b) a##b
#define SHARDLM_JOIN(a, b) SHARDLM_JOIN_(a, b)

const WordGemmKernels SHARDLM_JOIN(word_gemm_, SHARDLM_ISA_TAG) = {multiply};

}  // namespace shardlm::detail
