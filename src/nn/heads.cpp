#include "heads.hpp"

namespace shardlm::nn {

Tensor split_heads(const Tensor& x, std::size_t first, std::size_t heads, std::size_t dim) {
  const std::size_t tokens = x.extent(0), all = x.extent(1);
  return gather(
      x, {heads, tokens, dim},
      KOKKOS_LAMBDA(const std::size_t i) { return i / dim % tokens * all + first + i / (tokens * dim) * dim + i % dim; });
}

Tensor join_heads(const Tensor& x) {
  const std::size_t heads = x.extent(0), tokens = x.extent(1), dim = x.extent(2);
  return gather(
      x, {tokens, heads * dim},
      KOKKOS_LAMBDA(const std::size_t i) { return i / dim % heads * tokens * dim + i / (heads * dim) * dim + i % dim; });
}

Tensor spread_rows(const Tensor& rows, const mpc::Causal& causal) {
  std::vector<std::uint32_t> row;
  for (std::size_t i = 0; i < causal.tokens; ++i) row.insert(row.end(), causal.length(i), std::uint32_t(i));
  const Array<const std::uint32_t> of = to_device(row);
  const std::size_t pairs = causal.pairs(), tokens = causal.tokens;
  return gather(
      rows, {rows.extent(0), pairs}, KOKKOS_LAMBDA(const std::size_t i) { return i / pairs * tokens + of(i % pairs); });
}

Tensor sum_rows(const Tensor& x, const mpc::Causal& causal) {
  const std::size_t pairs = causal.pairs(), tokens = causal.tokens;
  const mpc::Causal shape = causal;
  const Array<Word> in = x.data();
  return generate(
      "shardlm::nn::sum_rows", {x.extent(0), tokens}, x, KOKKOS_LAMBDA(const std::size_t i) {
        const std::size_t first = i / tokens * pairs + shape.offset(i % tokens);
        Word total = 0;
        for (std::size_t j = 0; j < shape.length(i % tokens); ++j) total += in(first + j);
        return total;
      });
}

Tensor columns(const Tensor& x, std::size_t first, std::size_t count) {
  const std::size_t all = x.extent(1);
  return gather(
      x, {x.extent(0), count}, KOKKOS_LAMBDA(const std::size_t i) { return i / count * all + first + i % count; });
}

}  // namespace shardlm::nn
