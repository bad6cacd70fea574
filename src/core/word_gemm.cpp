#include "shardlm/core/word_gemm.hpp"

#include <algorithm>
#include <string>
#include <type_traits>

#include "shardlm/core/error.hpp"
#include "word_gemm_host.hpp"
#include "word_gemm_portable.hpp"

namespace shardlm {
namespace {

constexpr int kWarps = 8;                                     // of a team on a device
constexpr std::size_t kSliceWords = std::size_t{16} << 20;    // of weights in device memory at a time: 128 MiB

std::string shape(std::size_t tokens, std::size_t width) { return std::to_string(tokens) + " x " + std::to_string(width); }

void on_device(const WordSource& source, std::size_t rows, std::size_t columns, const Word* x, std::size_t tokens, Word* y) {
  const std::size_t panels = word_panels(rows), step = std::min(panels, std::max<std::size_t>(4, kSliceWords / (kWordPanel * columns)));
  const Array<Word> slice = uninitialized<Word>("shardlm::core::weights", step * kWordPanel * columns);
  for (std::size_t first = 0; first < panels; first += step) {
    const std::size_t some = std::min(step, panels - first), row = first * kWordPanel;
    source.panels(first, some, slice);
    const std::size_t count = std::min(some * kWordPanel, rows - row);
    if (tokens == 1)
      detail::word_gemm_portable<Exec, 1>(slice.data(), count, row, rows, columns, x, tokens, y, 2 * kWarps);
    else
      detail::word_gemm_portable<Exec, 8>(slice.data(), count, row, rows, columns, x, tokens, y, kWarps);
  }
  Exec().fence();  // the slice is a share of weights and is freed here
}

}  // namespace

void word_gemm(const WordSource& source, std::size_t rows, std::size_t columns, const Array<const Word>& x, std::size_t tokens,
               const Array<Word>& y) {
  if (x.extent(0) != tokens * columns || y.extent(0) != tokens * rows)
    throw Error("word_gemm: " + std::to_string(x.extent(0)) + " words by a matrix of " + shape(rows, columns) + " into " +
                std::to_string(y.extent(0)) + " words; " + std::to_string(tokens) + " tokens take " + shape(tokens, columns) + " and give " +
                shape(tokens, rows));
  if (tokens == 0 || rows == 0) return;
  if constexpr (std::is_same<Exec, HostExec>::value)
    detail::word_gemm_host(detail::word_gemm_kernels(isa()), source, rows, columns, x.data(), tokens, y.data());
  else
    on_device(source, rows, columns, x.data(), tokens, y.data());
}

}  // namespace shardlm
