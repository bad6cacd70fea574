#include "by_binade.hpp"
#include "heads.hpp"
#include "shardlm/nn/layers.hpp"

namespace shardlm::nn {

Shared Attention::operator()(Party& party, const Masked& h, KvCache& cache, const KeyBiases& biases) const {
  const std::size_t past = cache.length(), tokens = h.x.extent(0);
  const mpc::Causal causal{past, tokens};
  const Masked projected = party.project(qkv, h);
  const Shared all = party.truncate(projected, projected.scale - kActivationScale);
  const auto split = [&](std::size_t first, std::size_t n) {
    return moved(all, [&](const Tensor& t) { return split_heads(t, first * head_dim, n, head_dim); });
  };
  Party::Opened opened = party.open({rope(split(0, heads), past, rope_theta), rope(split(heads, kv_heads), past, rope_theta),
                                     split(heads + kv_heads, kv_heads)});
  const Masked q = reduce(opened.masked[0], kRopeScale);
  // Named, so that every compiler deals the keys' words before the values'.
  const Masked keys = party.with_shares(reduce(opened.masked[1], kRopeScale));
  const Masked values = party.with_shares(opened.masked[2]);
  cache.append(keys, values);

  Masked scores = party.open(biases.added(party.multiply(q, cache.keys(), mpc::Scores(causal)), causal));
  scores = reduce(scores, scores.scale - kScale);
  const Masked top = row_maxima(party, scores, causal);
  const Masked below = scores - moved(top, [&](const Tensor& t) { return spread_rows(t, causal); });

  const mpc::LookedUp e = party.look_up(tables->exp, below, kCellDrop, kExpScale, kExpScale - kScale);
  opened = party.open({e.a, e.b});
  const Masked weights = party.open(party.spline(opened.masked[0], opened.masked[1], e.sign, remainder(below, kCellDrop)));
  const Shared weighted = party.multiply(weights, cache.values(), mpc::Weighted(causal));

  const Masked total = reduce(Masked{sum_rows(weights.x, causal), weights.scale, weights.ring, false, {}}, kExpScale - kSumScale);
  const ByBinade sum = inverse(party, *tables, total, past + tokens, {weighted});
  const Masked& value = sum.also[0];
  opened = party.open({sum.value, party.truncate(value, value.scale - kActivationScale)});

  const auto rows = [&](const Tensor& t) { return t.reshaped({heads * tokens}); };
  const auto matrix = [&](const Tensor& t) { return t.reshaped({heads * tokens, head_dim}); };
  const Masked o = party.open(party.multiply(moved(opened.masked[0], rows), moved(opened.masked[1], matrix), mpc::ScaleRows()));
  const Shared mixed = moved(party.truncate(o, o.scale - kActivationScale),
                             [&](const Tensor& t) { return join_heads(t.reshaped({heads, tokens, head_dim})); });
  return party.project_back(out, mixed);
}

}  // namespace shardlm::nn
