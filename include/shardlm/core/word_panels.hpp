// How matrices of ring words lie in files and in memory: shares of secret weights, which fill all 64 bits. Without Kokkos.
//
// Panels of kWordPanel rows, column after column,
//   [rows / 8][columns][8]
// zero padded to whole panels: a column of a panel is a cache line, one AVX-512 vector, and one ChaCha block.
#pragma once

#include <cstddef>

namespace shardlm {

constexpr std::size_t kWordPanel = 8;

constexpr std::size_t word_panels(std::size_t rows) { return (rows + kWordPanel - 1) / kWordPanel; }
constexpr std::size_t word_matrix_words(std::size_t rows, std::size_t columns) { return word_panels(rows) * kWordPanel * columns; }
constexpr std::size_t word_index(std::size_t row, std::size_t column, std::size_t columns) {
  return (row / kWordPanel * columns + column) * kWordPanel + row % kWordPanel;
}

}  // namespace shardlm
