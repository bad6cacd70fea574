// Panels of 32 rows back to row-major numbers.
#include <algorithm>
#include <cmath>

#include "shardlm/core/ring_gemm.hpp"

namespace shardlm {
namespace {

using HostRange = Kokkos::RangePolicy<HostExec, Kokkos::IndexType<std::int64_t>>;

// Columns that are turned at a time: 32 rows of them stay in the first-level cache.
constexpr std::size_t kBlock = 64;

template <int kPlanes>
void unpack_panel(const PackedRows& w, std::size_t panel, float* out) {
  const std::size_t padded = padded_columns(w.columns), rows = std::min<std::size_t>(kPanel, w.rows - panel * kPanel);
  const std::int16_t* low = w.weights + panel * kPanel * padded;
  const std::int16_t* high = low + plane_words(w.rows, w.columns);
  for (std::size_t from = 0; from < w.columns; from += kBlock)
    for (std::size_t r = 0; r < rows; r++) {
      const std::size_t row = panel * kPanel + r, count = std::min(kBlock, w.columns - from);
      const float unit = std::ldexp(1.0f, w.exponents[row]);
      float* to = out + row * w.columns + from;
      for (std::size_t k = 0; k < count; k++) {
        const std::size_t at = ((from + k) / 2 * kPanel + r) * 2 + k % 2;
        const std::int64_t v = kPlanes == 1 ? low[at] : high[at] * 65536ll + low[at];
        to[k] = static_cast<float>(v) * unit;
      }
    }
}

}  // namespace

void unpack_rows(const PackedRows& w, float* out) {
  Kokkos::parallel_for("unpack_rows", HostRange(0, padded_rows(w.rows) / kPanel), [=](std::int64_t panel) {
    if (w.planes == 1)
      unpack_panel<1>(w, panel, out);
    else
      unpack_panel<2>(w, panel, out);
  });
  HostExec().fence();
}

}  // namespace shardlm
