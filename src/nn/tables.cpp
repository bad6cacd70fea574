#include "shardlm/nn/tables.hpp"

#include "shardlm/core/numbers.hpp"
#include "shardlm/core/ring.hpp"

#include <algorithm>
#include <cmath>

namespace shardlm::nn {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kWidth = 1.0 / (1 << (kScale - kCellDrop));  // of a cell

struct Line {
  double value, slope;
};

// The least-squares line around a cell's left edge, over what a randomly rounded index may see: nine Chebyshev nodes in
// (cell - width, cell + width).
template <class F>
Line fit_line(const F& f, double cell) {
  double mean = 0, slope = 0, squares = 0;
  for (int i = 0; i < 9; ++i) {
    const double t = std::cos(kPi * (i + 0.5) / 9) * kWidth, y = f(cell + t);
    mean += y / 9;
    slope += y * t;
    squares += t * t;
  }
  return {mean, slope / squares};
}

double silu(double x) { return x / (1 + std::exp(-std::clamp(x, -60.0, 60.0))); }

crypto::LineTable silu_table(int bits) {
  const std::int64_t cells = std::int64_t{1} << bits;
  std::vector<Word> value(cells), slope(cells);
  for (std::int64_t z = 0; z < cells; ++z) {
    const Line line = fit_line(silu, double(z >= cells / 2 ? z - cells : z) * kWidth);
    value[z] = encode(line.value, kSiluScale);
    slope[z] = encode(line.slope, kSiluScale - kScale);
  }
  return crypto::LineTable(bits, value, slope);
}

crypto::WindowTable exp_table() {
  std::vector<std::int32_t> value, slope;
  for (int c = kExpLow; c <= kExpHigh; ++c) {
    const Line line = fit_line([](double x) { return std::exp(x); }, c * kWidth);
    value.push_back(std::int32_t(std::nearbyint(std::ldexp(line.value, kExpScale))));
    slope.push_back(std::int32_t(std::nearbyint(std::ldexp(line.slope, kExpScale - kScale))));
  }
  return crypto::WindowTable(kExpLow, value, slope);
}

// Arguments below 1 are of a wrong pair of binades, whose result is discarded: their cells may hold anything, so zero. But
// cell 0 is where the topmost cell's neighbour wraps to: it holds the value at 4.
template <class F>
crypto::CellTable binade_table(const F& f) {
  constexpr int kCells = 1 << (kBinadeBits + 2), kOne = 1 << kBinadeBits;
  std::vector<std::int32_t> cells(kCells, 0);
  for (int z = kOne; z < kCells; ++z) cells[z] = std::int32_t(std::nearbyint(std::ldexp(f(double(z) / kOne), 15)));
  cells[0] = std::int32_t(std::nearbyint(std::ldexp(f(4.0), 15)));
  return crypto::CellTable(kBinadeBits + 2, cells);
}

}  // namespace

Tables::Tables(int silu_bits)
    : silu(silu_table(silu_bits)),
      exp(exp_table()),
      rsqrt(binade_table([](double z) { return 1 / std::sqrt(z); })),
      reciprocal(binade_table([](double z) { return 1 / z; })) {}

}  // namespace shardlm::nn
