// Y = X W^T mod 2^64 for X of ring words and W of public fixed-point weights: the masked linear layer's whole arithmetic.
//
// Weights are int16, each row with its own power of two; those of q, k and v take two int16 planes, hi 2^16 + lo. They are
// stored as the kernels read them, so that a mapped file needs no copy (core/panels.hpp):
//   plane[p][rows / 32][columns / 2][32][2]
// One 32-bit lane then holds two products of a row, which is what vpdpwssd (AVX-512 VNNI), vpmaddwd (AVX2) and pmaddwd (SSE2)
// take, and a CUDA warp reads 128 bytes in a row.
#pragma once

#include <cstdint>
#include <memory>

#include "shardlm/core/panels.hpp"
#include "shardlm/core/types.hpp"

namespace shardlm {

namespace detail {
class RingGemmPlans;
}

// The same matrix ready for the execution space: the host pointers themselves on CPU, a device copy on CUDA, and what the CPU
// kernels derive from the weights when they first multiply them (how far a sum of 32 bits reaches, a panel). Copies share all of
// it; several threads may use one.
class RingMatrix {
 public:
  RingMatrix() = default;
  explicit RingMatrix(const PackedRows& packed);
  std::size_t rows() const { return host_.rows; }
  std::size_t columns() const { return host_.columns; }
  int planes() const { return host_.planes; }

 private:
  friend void ring_gemm(const RingMatrix&, const Array<const Word>&, std::size_t, const Array<Word>&);
  PackedRows host_;
  Array<const std::int16_t> weights_;
  Array<const std::int8_t> exponents_;
  std::shared_ptr<detail::RingGemmPlans> plans_;
};

// x: [tokens][columns], y: [tokens][rows], row-major. y = (x W^T) << exponent of the row, mod 2^64. Bit-exact on every backend.
// Throws Error where an extent is not exactly that.
void ring_gemm(const RingMatrix& w, const Array<const Word>& x, std::size_t tokens, const Array<Word>& y);

// The matrix for an engine of floats: out [rows][columns] = weight 2^exponent of its row, not divided by any scale.
void unpack_rows(const PackedRows& packed, float* out);

}  // namespace shardlm
