#include "word_gemm_host.hpp"

#include <algorithm>

#include "shardlm/core/wipe.hpp"

namespace shardlm::detail {
namespace {

// Columns at a time: 16 KiB of a panel, which stay in the first-level cache while the tokens pass by.
constexpr std::size_t kColumns = 256;
// Tokens of one task. Their sums are on the stack; a stream's weights are generated anew for each task.
constexpr std::size_t kTaskTokens = 96;

using HostRange = Kokkos::RangePolicy<HostExec, Kokkos::Schedule<Kokkos::Dynamic>, Kokkos::IndexType<std::int64_t>>;

// [tokens][columns] -> [columns][tokens], so that a column's words of all tokens lie side by side.
HostArray<Word> turned(const Word* x, std::size_t tokens, std::size_t columns) {
  HostArray<Word> out(Kokkos::view_alloc(std::string("word_gemm turned"), Kokkos::WithoutInitializing), tokens * columns);
  Word* to = out.data();
  Kokkos::parallel_for("word_gemm turn", HostRange(0, columns), [=](std::int64_t c) {
    for (std::size_t t = 0; t < tokens; ++t) to[c * tokens + t] = x[t * columns + c];
  });
  return out;
}

}  // namespace

const WordGemmKernels& word_gemm_kernels(Isa isa) {
  return isa == Isa::avx512 ? word_gemm_avx512 : isa == Isa::avx2 ? word_gemm_avx2 : word_gemm_baseline;
}

void word_gemm_host(const WordGemmKernels& kernels, const WordSource& source, std::size_t rows, std::size_t columns, const Word* x,
                    std::size_t tokens, Word* y) {
  const HostArray<Word> held = tokens > 1 ? turned(x, tokens, columns) : HostArray<Word>();
  const Word* words = tokens > 1 ? held.data() : x;
  const std::size_t panels = word_panels(rows), pieces = (tokens + kTaskTokens - 1) / kTaskTokens;
  const auto multiply = kernels.multiply;
  const WordSource* from = &source;
  Kokkos::parallel_for("word_gemm", HostRange(0, panels * pieces), [=](std::int64_t task) {
    const std::size_t panel = task / pieces, piece = task % pieces, first = tokens * piece / pieces, some = tokens * (piece + 1) / pieces - first;
    alignas(64) Word room[kColumns * kWordPanel], sums[kTaskTokens * kWordPanel];
    std::fill_n(sums, some * kWordPanel, 0);
    for (std::size_t c = 0; c < columns; c += kColumns) {
      const std::size_t count = std::min(kColumns, columns - c);
      multiply(from->columns(panel, c, count, room), words + c * tokens + first, tokens, count, some, sums);
    }
    const std::size_t row = panel * kWordPanel, height = std::min(kWordPanel, rows - row);
    for (std::size_t t = 0; t < some; ++t) std::copy_n(sums + t * kWordPanel, height, y + (first + t) * rows + row);
  });
  HostExec().fence();
}

}  // namespace shardlm::detail
