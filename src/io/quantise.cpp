#include "shardlm/io/quantise.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "shardlm/core/error.hpp"
#include "shardlm/core/numbers.hpp"

namespace shardlm::io {
namespace {

constexpr int kMaxExponent = 40;

// The largest magnitude; NaN or infinity where there is one.
double magnitude(const double* w, std::size_t n) {
  double top = 0, poison = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double a = std::fabs(w[i]);
    top = a > top ? a : top;
    poison += a * 0;  // 0, or NaN for whatever is not finite
  }
  return top + poison;
}

// Numbers below 2^51 rounded to nearest, ties to even: the sum's last bit is a unit.
void round_all(const double* w, std::size_t n, double scale, std::int32_t* integers) {
  constexpr double kUnits = 0x1.8p52;
  for (std::size_t i = 0; i < n; ++i) integers[i] = static_cast<std::int32_t>((w[i] * scale + kUnits) - kUnits);
}

// One row of the panel at `panel`: both columns of a pair at once.
void place(const std::int32_t* row, std::size_t columns, int plane, std::int16_t* panel) {
  for (std::size_t c = 0; c < columns; c += 2) {
    const std::int16_t pair[2] = {plane_part(row[c], plane), c + 1 < columns ? plane_part(row[c + 1], plane) : std::int16_t{0}};
    std::memcpy(panel + c / 2 * 2 * kPanel, pair, sizeof pair);
  }
}

// Row r of the stack as reals, gains and factor applied.
void load(const Stack& stack, std::size_t r, std::vector<float>& raw, std::vector<double>& row) {
  auto part = stack.parts.begin();
  while (r >= part->matrix.shape[0]) r -= part++->matrix.shape[0];
  const std::size_t columns = row.size();
  part->matrix.read(r * columns, columns, raw.data());
  for (std::size_t c = 0; c < columns; ++c) row[c] = raw[c];
  if (!part->gains.empty())
    for (std::size_t c = 0; c < columns; ++c) row[c] *= part->gains[c];
  if (part->factor != 1)
    for (std::size_t c = 0; c < columns; ++c) row[c] *= part->factor;
}

}  // namespace

int quantise_row(const double* w, std::size_t n, int scale, std::int32_t limit, std::int32_t* integers) {
  double top = std::ldexp(magnitude(w, n), scale);
  if (!std::isfinite(top)) throw Error("a weight is not a finite number");
  int exponent = 0;
  for (; top > limit; top /= 2) ++exponent;
  if (exponent > kMaxExponent)
    throw Error("a weight is too large: its row would need the exponent " + std::to_string(exponent) + ", and 40 is the largest");
  round_all(w, n, std::ldexp(1.0, scale - exponent), integers);
  return exponent;
}

std::size_t Stack::rows() const {
  std::size_t n = 0;
  for (const SourceRows& part : parts) n += part.matrix.shape.at(0);
  return n;
}

void pack_panels(const Stack& stack, std::size_t first, std::size_t n, std::size_t plane_panels, std::int16_t* weights,
                 std::int8_t* exponents) {
  const std::size_t columns = stack.columns(), rows = stack.rows(), panel_words = kPanel * padded_columns(columns);
  const bool wide = stack.planes == 2;
  std::vector<float> raw(columns);
  std::vector<double> row(columns);
  std::vector<std::int32_t> integers(columns);
  for (std::size_t i = 0; i < n * kPanel; ++i) {
    const std::size_t r = first * kPanel + i;
    if (r < rows) {
      load(stack, r, raw, row);
      exponents[i] = static_cast<std::int8_t>(
          quantise_row(row.data(), columns, wide ? kWideWeightScale : kWeightScale, wide ? kWideLimit : kNarrowLimit, integers.data()));
    } else {
      std::fill(integers.begin(), integers.end(), 0);
    }
    for (int p = 0; p < stack.planes; ++p)
      place(integers.data(), columns, p, weights + (p * plane_panels + i / kPanel) * panel_words + i % kPanel * 2);
  }
}

}  // namespace shardlm::io
