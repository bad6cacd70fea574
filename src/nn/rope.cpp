#include "shardlm/nn/layers.hpp"

#include <cmath>

namespace shardlm::nn {
namespace {

// Rotary position embedding (Su et al., 2021) with halves rotated as Qwen2.5 does: y_c = x_c cos - x_{c + d/2} sin for the first
// half, x_c cos + x_{c - d/2} sin for the second. cosines, sines: [T][d / 2] at kRopeScale.
Tensor rotate(const Tensor& x, const Tensor& cosines, const Tensor& sines) {
  const std::size_t dim = x.extent(2), half = dim / 2, tokens = x.extent(1);
  const Array<Word> in = x.data(), c = cosines.data(), s = sines.data();
  return generate(
      "shardlm::nn::rope", x.shape(), x, KOKKOS_LAMBDA(const std::size_t i) {
        const std::size_t column = i % dim, angle = i / dim % tokens * half + column % half;
        const Word other = column < half ? Word{0} - in(i + half) : in(i - half);
        return in(i) * c(angle) + other * s(angle);
      });
}

}  // namespace

Shared rope(const Shared& x, std::size_t start, double theta) {
  const std::size_t tokens = x.x.extent(1), half = x.x.extent(2) / 2;
  if (!x.x.concrete()) return {x.x, x.scale + kRopeScale, x.ring, x.held};
  std::vector<Word> cosines(tokens * half), sines(tokens * half);
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t j = 0; j < half; ++j) {
      const double angle = double(start + t) * std::pow(theta, -double(2 * j) / double(2 * half));
      cosines[t * half + j] = encode(std::cos(angle), kRopeScale);
      sines[t * half + j] = encode(std::sin(angle), kRopeScale);
    }
  const Shape shape{tokens, half};
  return {rotate(x.x, to_device(cosines, shape), to_device(sines, shape)), x.scale + kRopeScale, x.ring, x.held};
}

}  // namespace shardlm::nn
