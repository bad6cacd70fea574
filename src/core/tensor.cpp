#include "shardlm/core/tensor.hpp"

#include "shardlm/core/ring.hpp"

namespace shardlm {

void require_same(const char* what, const Shape& a, const Shape& b) {
  if (a != b) throw Error(std::string(what) + ": shapes " + to_string(a) + " and " + to_string(b) + " differ");
}

Tensor gather(const Tensor& x, Shape shape, const Array<const std::uint32_t>& source) {
  if (source.size() != volume(shape)) throw Error("gather: " + std::to_string(source.size()) + " sources for shape " + to_string(shape));
  return gather(
      x, std::move(shape), KOKKOS_LAMBDA(const std::size_t i) { return source(i); });
}

Tensor concatenate(const std::vector<Tensor>& parts) {
  Shape shape = parts.at(0).shape();
  bool concrete = true;
  shape[0] = 0;
  for (const Tensor& part : parts) {
    shape[0] += part.extent(0);
    concrete = concrete && part.concrete();
    if (!std::equal(shape.begin() + 1, shape.end(), part.shape().begin() + 1, part.shape().end()))
      throw Error("concatenate: shapes " + to_string(parts[0].shape()) + " and " + to_string(part.shape()) + " differ beyond the first axis");
  }
  if (!concrete) return Tensor(shape);
  const Array<Word> out = uninitialized<Word>("shardlm::concatenate", volume(shape));
  std::size_t at = 0;
  for (const Tensor& part : parts) {
    Kokkos::deep_copy(Exec(), Kokkos::subview(out, std::make_pair(at, at + part.size())), part.data());
    at += part.size();
  }
  return Tensor(shape, out);
}

Tensor add(const Tensor& a, const Tensor& b, int k) {
  require_same("add", a.shape(), b.shape());
  const Array<Word> x = a.data(), y = b.data();
  return generate(
      "shardlm::add", a.shape(), a, KOKKOS_LAMBDA(const std::size_t i) { return low(x(i) + y(i), k); });
}

Tensor subtract(const Tensor& a, const Tensor& b, int k) {
  require_same("subtract", a.shape(), b.shape());
  const Array<Word> x = a.data(), y = b.data();
  return generate(
      "shardlm::subtract", a.shape(), a, KOKKOS_LAMBDA(const std::size_t i) { return low(x(i) - y(i), k); });
}

Tensor negate(const Tensor& a, int k) {
  const Array<Word> x = a.data();
  return generate(
      "shardlm::negate", a.shape(), a, KOKKOS_LAMBDA(const std::size_t i) { return low(Word{0} - x(i), k); });
}

Tensor shift_right(const Tensor& a, int t) {
  const Array<Word> x = a.data();
  return generate(
      "shardlm::shift_right", a.shape(), a, KOKKOS_LAMBDA(const std::size_t i) { return x(i) >> t; });
}

Tensor cut(const Tensor& a, int k) {
  const Array<Word> x = a.data();
  return generate(
      "shardlm::cut", a.shape(), a, KOKKOS_LAMBDA(const std::size_t i) { return low(x(i), k); });
}

Tensor sum_last_axis(const Tensor& a, int k) {
  Shape shape = a.shape();
  const std::size_t n = shape.back();
  shape.pop_back();
  const Array<Word> x = a.data();
  return generate(
      "shardlm::sum_last_axis", std::move(shape), a, KOKKOS_LAMBDA(const std::size_t i) {
        Word total = 0;
        for (std::size_t j = 0; j < n; ++j) total += x(i * n + j);
        return low(total, k);
      });
}

Tensor to_device(const std::vector<Word>& words, Shape shape) {
  const Array<Word> out = uninitialized<Word>("shardlm::words", words.size());
  Kokkos::deep_copy(out, Kokkos::View<const Word*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(words.data(), words.size()));
  return Tensor(std::move(shape), out);
}

std::vector<Word> to_host(const Tensor& tensor) {
  std::vector<Word> words(tensor.size());
  Kokkos::deep_copy(Kokkos::View<Word*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(words.data(), words.size()), tensor.data());
  return words;
}

Array<const std::uint32_t> to_device(const std::vector<std::uint32_t>& indices) {
  const Array<std::uint32_t> out = uninitialized<std::uint32_t>("shardlm::indices", indices.size());
  Kokkos::deep_copy(
      out, Kokkos::View<const std::uint32_t*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(indices.data(), indices.size()));
  return out;
}

}  // namespace shardlm
