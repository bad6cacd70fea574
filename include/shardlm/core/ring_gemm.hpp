// Y = X W^T mod 2^64 for X of ring words and W of public fixed-point weights: the masked linear layer's whole arithmetic.
//
// Weights are int16, each row with its own power of two; those of q, k and v take two int16 planes, hi 2^16 + lo. They are
// stored as the kernels read them, so that a mapped file needs no copy: panels of 32 rows, pairs of columns side by side,
//   plane[p][rows / 32][columns / 2][32][2]
// zero padded to whole panels and an even number of columns. One 32-bit lane then holds two products of a row, which is what
// vpdpwssd (AVX-512 VNNI), vpmaddwd (AVX2) and pmaddwd (SSE2) take, and a CUDA warp reads 128 bytes in a row.
#pragma once

#include "shardlm/core/types.hpp"

#include <cstdint>
#include <vector>

namespace shardlm {

constexpr int kPanel = 32;
constexpr std::size_t padded_rows(std::size_t rows) { return (rows + kPanel - 1) / kPanel * kPanel; }
constexpr std::size_t padded_columns(std::size_t columns) { return (columns + 1) / 2 * 2; }
constexpr std::size_t plane_words(std::size_t rows, std::size_t columns) { return padded_rows(rows) * padded_columns(columns); }

// A matrix as it lies in a file or in host memory: pointers into something that outlives it.
struct PackedRows {
  std::size_t rows = 0, columns = 0;
  int planes = 1;                        // 1 or 2
  const std::int16_t* weights = nullptr; // [planes][plane_words], plane 0 the low one
  const std::int8_t* exponents = nullptr;// [rows]: the row's result is shifted left by this, 0 .. 40
};

// Row-major int64 weights that fit 16 (planes 1) or 32 (planes 2) signed bits after the shift; throws Error otherwise.
std::vector<std::int16_t> pack_rows(const std::int32_t* weights, std::size_t rows, std::size_t columns, int planes);

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
