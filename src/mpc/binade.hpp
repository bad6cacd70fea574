// The indices of one value in several pairs of binades: [drops] + x's shape, x >> drops[e] mod 2^m.
#pragma once

#include "shardlm/core/ring.hpp"
#include "shardlm/core/tensor.hpp"

namespace shardlm::mpc {

inline Tensor binade_indices(const Tensor& x, const std::vector<int>& drops, int m) {
  Shape shape = x.shape();
  shape.insert(shape.begin(), drops.size());
  const std::size_t n = x.size();
  const Array<const std::uint32_t> drop = to_device(std::vector<std::uint32_t>(drops.begin(), drops.end()));
  const Array<Word> in = x.data();
  return generate(
      "shardlm::mpc::binade_indices", shape, x, KOKKOS_LAMBDA(const std::size_t i) { return low(in(i % n) >> drop(i / n), m); });
}

}  // namespace shardlm::mpc
