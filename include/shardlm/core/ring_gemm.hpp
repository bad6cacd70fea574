// Y = X W^T mod 2^64 for X of ring words and W of public fixed-point weights: the masked linear layer's whole arithmetic.
//
// Weights are int16, each row with its own power of two; those of q, k and v take two int16 planes, hi 2^16 + lo. They are
// stored as the kernels read them, so that a mapped file needs no copy (core/panels.hpp):
//   plane[p][rows / 32][columns / 2][32][2]
// One 32-bit lane then holds two products of a row, which is what
// vpdpwssd (AVX-512 VNNI), vpmaddwd (AVX2) and pmaddwd (SSE2) take, and a CUDA warp reads 128 bytes in a row.
#pragma once

#include "shardlm/core/panels.hpp"
#include "shardlm/core/types.hpp"

#include <cstdint>

namespace shardlm {

// The same matrix ready for the execution space: the host pointers themselves on CPU, a device copy on CUDA, and what the
// kernels derive from the weights (the longest inner block whose sums stay below 2^31, a panel).
class RingMatrix {
 public:
  RingMatrix() = default;
  explicit RingMatrix(const PackedRows& packed);
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  int planes() const { return planes_; }
  struct Kernel;  // what the kernels read

 private:
  friend void ring_gemm(const RingMatrix&, const Array<const Word>&, std::size_t, const Array<Word>&);
  std::size_t rows_ = 0, columns_ = 0;
  int planes_ = 1;
  Array<const std::int16_t> weights_;
  Array<const std::int8_t> exponents_;
  Array<const std::uint16_t> blocks_;  // per plane and panel: inner block length, even
};

// x: [tokens][columns], y: [tokens][rows], row-major. y = (x W^T) << exponent of the row, mod 2^64. Bit-exact on every backend.
// Throws Error where an extent does not fit.
void ring_gemm(const RingMatrix& w, const Array<const Word>& x, std::size_t tokens, const Array<Word>& y);

}  // namespace shardlm
