// How int16 weights lie in files and in memory: the layout that the ring GEMM kernels read, without Kokkos, so that io can write it.
//
// Panels of kPanel rows, pairs of columns side by side,
//   plane[p][rows / 32][columns / 2][32][2]
// zero padded to whole panels and an even number of columns. Weights of up to 32 bits take two planes, w = hi 2^16 + lo with
// both signed and plane 0 the low one, so the largest is kWideLimit, a little less than 2^31.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shardlm/core/error.hpp"

namespace shardlm {

constexpr int kPanel = 32;
constexpr std::int32_t kNarrowLimit = 32767;                // |w| in one plane
constexpr std::int32_t kWideLimit = 32767 * 65536 + 32767;  // |w| in two planes
constexpr int kLargestExponent = 40;                         // of a row
constexpr std::size_t padded_rows(std::size_t rows) { return (rows + kPanel - 1) / kPanel * kPanel; }
constexpr std::size_t padded_columns(std::size_t columns) { return (columns + 1) / 2 * 2; }
constexpr std::size_t plane_words(std::size_t rows, std::size_t columns) { return padded_rows(rows) * padded_columns(columns); }

// A matrix as it lies in a file or in host memory: pointers into something that outlives it.
struct PackedRows {
  std::size_t rows = 0, columns = 0;
  int planes = 1;                          // 1 or 2
  const std::int16_t* weights = nullptr;   // [planes][plane_words], plane 0 the low one
  const std::int8_t* exponents = nullptr;  // [rows]: the row's result is shifted left by this, 0 .. 40
};

// Where weight (row, column) of a plane lies in it.
constexpr std::size_t panel_index(std::size_t row, std::size_t column, std::size_t columns) {
  return (row / kPanel * padded_columns(columns) / 2 + column / 2) * 2 * kPanel + row % kPanel * 2 + column % 2;
}

// One weight's part in a plane, and back.
constexpr std::int16_t plane_part(std::int32_t w, int plane) {
  const auto lo = static_cast<std::int16_t>(static_cast<std::uint16_t>(w));
  return plane == 0 ? lo : static_cast<std::int16_t>((static_cast<std::int64_t>(w) - lo) / 65536);
}

// The integer at (row, column), before the row's exponent.
inline std::int32_t weight_at(const PackedRows& m, std::size_t row, std::size_t column) {
  const std::size_t at = panel_index(row, column, m.columns);
  const std::int32_t lo = m.weights[at];
  return m.planes == 1 ? lo : m.weights[plane_words(m.rows, m.columns) + at] * 65536 + lo;
}

// Row-major weights, |w| <= kNarrowLimit in one plane or kWideLimit in two; throws Error otherwise. Returns [planes][plane_words].
inline std::vector<std::int16_t> pack_rows(const std::int32_t* weights, std::size_t rows, std::size_t columns, int planes) {
  if (planes != 1 && planes != 2) throw Error("a weight takes 1 or 2 planes of int16, not " + std::to_string(planes));
  const std::int64_t limit = planes == 1 ? kNarrowLimit : kWideLimit;
  const std::size_t plane_size = plane_words(rows, columns);
  std::vector<std::int16_t> packed(planes * plane_size, 0);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      const std::int32_t w = weights[r * columns + c];
      if (w > limit || w < -limit)
        throw Error("weight " + std::to_string(w) + " does not fit in " + std::to_string(planes) + " plane(s) of int16");
      for (int p = 0; p < planes; ++p) packed[p * plane_size + panel_index(r, c, columns)] = plane_part(w, p);
    }
  return packed;
}

}  // namespace shardlm
