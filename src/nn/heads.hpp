// How attention's tensors are laid out and moved, whoever holds them.
#pragma once

#include "shardlm/mpc/linear.hpp"

namespace shardlm::nn {

// Columns first .. of [T][all] as [heads][T][d].
Tensor split_heads(const Tensor& x, std::size_t first, std::size_t heads, std::size_t dim);
// [heads][T][d] -> [T][heads d].
Tensor join_heads(const Tensor& x);
// Columns first .. first + count - 1 of [T][all].
Tensor columns(const Tensor& x, std::size_t first, std::size_t count);
// The row of each packed pair: to subtract a row's maximum from its scores.
Tensor spread_rows(const Tensor& rows, const mpc::Causal& causal);
// [heads][pairs] -> [heads][T]: the sum over each row's pairs.
Tensor sum_rows(const Tensor& x, const mpc::Causal& causal);

}  // namespace shardlm::nn
