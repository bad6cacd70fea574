// The two powers that are read by binade: 1 round, and what opens before and after.
#pragma once

#include "shardlm/nn/layers.hpp"

namespace shardlm::nn {

// v: a sum of squares at 2 kSquareScale -> 1/sqrt at scale 31.
Shared inverse_root(Party& party, const Tables& tables, const Masked& v);
// total: a softmax denominator of `terms` terms at kSumScale -> its inverse at scale 31. Opens `also` in the same round.
ByBinade inverse(Party& party, const Tables& tables, const Masked& total, std::size_t terms, const std::vector<Shared>& also);

}  // namespace shardlm::nn
