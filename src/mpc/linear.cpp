#include "shardlm/mpc/linear.hpp"

namespace shardlm::mpc {
namespace {

[[noreturn]] void misfit(const char* what, const Shape& a, const Shape& b) {
  throw Error(std::string(what) + ": operands of shapes " + to_string(a) + " and " + to_string(b) + " do not fit");
}

Shape result_shape(const Linear& layer, const Tensor& x) {
  Shape shape = x.shape();
  if (shape.empty() || shape.back() != layer.columns)
    throw Error("linear layer of " + std::to_string(layer.rows) + " x " + std::to_string(layer.columns) + " on an operand of shape " + to_string(shape));
  shape.back() = layer.rows;
  return shape;
}

}  // namespace

Tensor apply(const Linear& layer, const Tensor& x) {
  const Shape shape = result_shape(layer, x);
  if (!x.concrete()) return Tensor(shape);
  const Array<Word> y = uninitialized<Word>("shardlm::mpc::linear", volume(shape));
  ring_gemm(layer.weights, x.data(), x.size() / layer.columns, y);
  return Tensor(shape, y);
}

Tensor apply_share(const Linear& layer, const Tensor& x) {
  const Shape shape = result_shape(layer, x);
  if (!layer.share) throw Error("a server has no share of a secret matrix of " + std::to_string(layer.rows) + " x " + std::to_string(layer.columns));
  const Array<Word> y = uninitialized<Word>("shardlm::mpc::linear", volume(shape));
  word_gemm(*layer.share, layer.rows, layer.columns, x.data(), x.size() / layer.columns, y);
  return Tensor(shape, y);
}

Tensor plus_bias(const Linear& layer, const Tensor& y) {
  if (layer.bias.size() == 0) return y;
  const std::size_t rows = layer.rows;
  const Array<Word> in = y.data();
  const Array<const Word> bias = layer.bias;
  return generate(
      "shardlm::mpc::bias", y.shape(), y, KOKKOS_LAMBDA(const std::size_t i) { return in(i) + bias(i % rows); });
}

Shape RowProducts::shape(const Shape& a, const Shape& b) const {
  if (a.size() != 2 || a != b) misfit("sums of products", a, b);
  return {a[0]};
}

Tensor RowProducts::apply(const Tensor& a, const Tensor& b) const {
  const std::size_t columns = a.shape().back();
  const Array<Word> x = a.data(), y = b.data();
  return generate(
      "shardlm::mpc::row_products", shape(a.shape(), b.shape()), a, KOKKOS_LAMBDA(const std::size_t row) {
        Word sum = 0;
        for (std::size_t i = row * columns; i < (row + 1) * columns; ++i) sum += x(i) * y(i);
        return sum;
      });
}

Shape Elementwise::shape(const Shape& a, const Shape& b) const {
  if (a != b) misfit("products", a, b);
  return a;
}

Tensor Elementwise::apply(const Tensor& a, const Tensor& b) const {
  const Array<Word> x = a.data(), y = b.data();
  return generate(
      "shardlm::mpc::products", shape(a.shape(), b.shape()), a, KOKKOS_LAMBDA(const std::size_t i) { return x(i) * y(i); });
}

Shape ScaleRows::shape(const Shape& a, const Shape& b) const {
  if (b.size() != a.size() + 1 || !std::equal(a.begin(), a.end(), b.begin())) misfit("row scaling", a, b);
  return b;
}

Tensor ScaleRows::apply(const Tensor& a, const Tensor& b) const {
  const std::size_t columns = b.shape().back();
  const Array<Word> x = a.data(), y = b.data();
  return generate(
      "shardlm::mpc::scale_rows", shape(a.shape(), b.shape()), a,
      KOKKOS_LAMBDA(const std::size_t i) { return x(i / columns) * y(i); });
}

Shape Scores::shape(const Shape& a, const Shape& b) const {
  if (a.size() != 3 || b.size() != 3 || a[1] != causal_.tokens || a[2] != b[2] || a[0] % b[0] != 0 || b[1] < causal_.past + causal_.tokens)
    misfit("scores", a, b);
  return {a[0], causal_.pairs()};
}

Tensor Scores::apply(const Tensor& a, const Tensor& b) const {
  const Shape out = shape(a.shape(), b.shape());
  if (!a.concrete() || !b.concrete()) return Tensor(out);
  const Causal causal = causal_;
  const std::size_t d = a.extent(2), tokens = causal.tokens, capacity = b.extent(1), group = a.extent(0) / b.extent(0);
  const Array<Word> q = a.data(), k = b.data(), s = uninitialized<Word>("shardlm::mpc::scores", volume(out));
  Kokkos::parallel_for(
      "shardlm::mpc::scores", Kokkos::RangePolicy<Exec>(0, a.extent(0) * tokens), KOKKOS_LAMBDA(const std::size_t row) {
        const std::size_t h = row / tokens, i = row % tokens;
        const std::size_t to = h * causal.pairs() + causal.offset(i), keys = h / group * capacity * d;
        for (std::size_t j = 0; j < causal.length(i); ++j) {
          Word sum = 0;
          for (std::size_t c = 0; c < d; ++c) sum += q(row * d + c) * k(keys + j * d + c);
          s(to + j) = sum;
        }
      });
  return Tensor(out, s);
}

Shape Weighted::shape(const Shape& a, const Shape& b) const {
  if (a.size() != 2 || b.size() != 3 || a[1] != causal_.pairs() || a[0] % b[0] != 0 || b[1] < causal_.past + causal_.tokens)
    misfit("weighted values", a, b);
  return {a[0], causal_.tokens, b[2]};
}

Tensor Weighted::apply(const Tensor& a, const Tensor& b) const {
  const Shape out = shape(a.shape(), b.shape());
  if (!a.concrete() || !b.concrete()) return Tensor(out);
  const Causal causal = causal_;
  const std::size_t d = b.extent(2), tokens = causal.tokens, capacity = b.extent(1), group = a.extent(0) / b.extent(0);
  const Array<Word> e = a.data(), v = b.data(), o = uninitialized<Word>("shardlm::mpc::weighted", volume(out));
  // A few output columns at a time stay in registers while the values stream by.
  constexpr std::size_t kColumns = 8;
  const std::size_t strips = (d + kColumns - 1) / kColumns;
  Kokkos::parallel_for(
      "shardlm::mpc::weighted", Kokkos::RangePolicy<Exec>(0, a.extent(0) * tokens * strips), KOKKOS_LAMBDA(const std::size_t at) {
        const std::size_t row = at / strips, first = at % strips * kColumns, h = row / tokens, i = row % tokens;
        const std::size_t from = h * causal.pairs() + causal.offset(i), values = h / group * capacity * d;
        const std::size_t n = d - first < kColumns ? d - first : kColumns;
        Word sum[kColumns] = {};
        for (std::size_t j = 0; j < causal.length(i); ++j)
          for (std::size_t c = 0; c < n; ++c) sum[c] += e(from + j) * v(values + j * d + first + c);
        for (std::size_t c = 0; c < n; ++c) o(row * d + first + c) = sum[c];
      });
  return Tensor(out, o);
}

}  // namespace shardlm::mpc
