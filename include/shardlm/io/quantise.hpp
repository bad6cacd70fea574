// From a checkpoint's floats to the integers that the engine multiplies with.
//
// A row w becomes rint(w 2^(scale - e)) with the smallest exponent e >= 0 for which it fits, |integer| <= limit: the result
// of a row is shifted left by e, so that only its precision differs from other rows. What a layer multiplies its input with
// anyway is folded into the weights first: norm gains, sqrt(hidden) / 2^gain, and 1 / sqrt(head_dim) into q.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shardlm/core/panels.hpp"
#include "shardlm/io/safetensors.hpp"

namespace shardlm::io {

// Writes n integers and returns the exponent. Throws Error if a weight is not finite or an exponent beyond 40 is needed.
int quantise_row(const double* w, std::size_t n, int scale, std::int32_t limit, std::int32_t* integers);

// Rows of a checkpoint matrix, to be multiplied by gains (a column each; none if empty) and then by a factor.
struct SourceRows {
  FloatTensor matrix;  // [rows][columns]
  std::vector<double> gains;
  double factor = 1;
};

// Several matrices of equal columns, one below the other, to be packed as one.
struct Stack {
  std::vector<SourceRows> parts;
  int planes = 1;  // 1: int16 at kWeightScale; 2: int32 at kWideWeightScale
  std::size_t rows() const;
  std::size_t columns() const { return parts.at(0).matrix.shape.at(1); }
  std::size_t panels() const { return padded_rows(rows()) / kPanel; }
};

// Panels first .. first + n - 1 of a stack as they lie in the file, [columns / 2][32][2] each. Their planes begin
// plane_panels panels apart. One exponent a row; none for the rows that only fill the last panel.
void pack_panels(const Stack& stack, std::size_t first, std::size_t n, std::size_t plane_panels, std::int16_t* weights,
                 std::int8_t* exponents);

}  // namespace shardlm::io
