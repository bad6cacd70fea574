// A row-major tensor of ring words. Without data it stands for its shape alone, which is what capacity planning computes on.
#pragma once

#include "shardlm/core/error.hpp"
#include "shardlm/core/types.hpp"

#include <initializer_list>
#include <numeric>
#include <string>
#include <vector>

namespace shardlm {

using Shape = std::vector<std::size_t>;

inline std::size_t volume(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, [](std::size_t a, std::size_t b) { return a * b; });
}

inline std::string to_string(const Shape& shape) {
  std::string s = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) s += (i ? " x " : "") + std::to_string(shape[i]);
  return s + "]";
}

class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Shape shape) : shape_(std::move(shape)) {}  // its shape alone
  Tensor(Shape shape, Array<Word> data) : shape_(std::move(shape)), data_(std::move(data)) {
    if (data_.size() != volume(shape_)) throw Error("a tensor of shape " + to_string(shape_) + " got " + std::to_string(data_.size()) + " words");
  }

  const Shape& shape() const { return shape_; }
  std::size_t size() const { return shape_.empty() ? 0 : volume(shape_); }
  std::size_t extent(std::size_t axis) const { return shape_.at(axis); }
  bool concrete() const { return data_.data() != nullptr || size() == 0; }
  const Array<Word>& data() const { return data_; }

  // The same words in another shape of the same size.
  Tensor reshaped(Shape shape) const {
    if (volume(shape) != size()) throw Error("a tensor of shape " + to_string(shape_) + " cannot be seen as " + to_string(shape));
    Tensor t;
    t.shape_ = std::move(shape);
    t.data_ = data_;
    return t;
  }

 private:
  Shape shape_;
  Array<Word> data_;
};

// A new tensor whose word i is f(i); `like` says whether there are words at all.
template <class F>
Tensor generate(const char* name, Shape shape, const Tensor& like, const F& f) {
  if (!like.concrete()) return Tensor(std::move(shape));
  const Array<Word> out = uninitialized<Word>(name, volume(shape));
  Kokkos::parallel_for(
      name, Kokkos::RangePolicy<Exec>(0, out.size()), KOKKOS_LAMBDA(const std::size_t i) { out(i) = f(i); });
  return Tensor(std::move(shape), out);
}

// Word i of the result is word source(i) of x: slices, transposes, repeats. The source is public.
template <class F>
Tensor gather(const Tensor& x, Shape shape, const F& source) {
  const Array<Word> in = x.data();
  return generate(
      "shardlm::gather", std::move(shape), x, KOKKOS_LAMBDA(const std::size_t i) { return in(source(i)); });
}

// The same with the sources in an array.
Tensor gather(const Tensor& x, Shape shape, const Array<const std::uint32_t>& source);

// Along the first axis; all other extents equal.
Tensor concatenate(const std::vector<Tensor>& parts);

// Elementwise, mod 2^k. Shapes must be equal.
Tensor add(const Tensor& a, const Tensor& b, int k);
Tensor subtract(const Tensor& a, const Tensor& b, int k);
Tensor negate(const Tensor& a, int k);
Tensor shift_right(const Tensor& a, int t);
Tensor cut(const Tensor& a, int k);  // mod 2^k
Tensor sum_last_axis(const Tensor& a, int k);

void require_same(const char* what, const Shape& a, const Shape& b);

// Between host memory and tensors.
Tensor to_device(const std::vector<Word>& words, Shape shape);
std::vector<Word> to_host(const Tensor& tensor);
Array<const std::uint32_t> to_device(const std::vector<std::uint32_t>& indices);

}  // namespace shardlm
