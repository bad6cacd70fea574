#include "shardlm/nn/layers.hpp"

#include <cmath>

namespace shardlm::nn {
namespace {

// Columns first .. of [T][all] as [heads][T][d].
Tensor split_heads(const Tensor& x, std::size_t first, std::size_t heads, std::size_t dim) {
  const std::size_t tokens = x.extent(0), all = x.extent(1);
  return gather(
      x, {heads, tokens, dim},
      KOKKOS_LAMBDA(const std::size_t i) { return i / dim % tokens * all + first + i / (tokens * dim) * dim + i % dim; });
}

// [heads][T][d] -> [T][heads d].
Tensor join_heads(const Tensor& x) {
  const std::size_t heads = x.extent(0), tokens = x.extent(1), dim = x.extent(2);
  return gather(
      x, {tokens, heads * dim},
      KOKKOS_LAMBDA(const std::size_t i) { return i / dim % heads * tokens * dim + i / (heads * dim) * dim + i % dim; });
}

// The row of each packed pair: to subtract a row's maximum from its scores.
Tensor spread_rows(const Tensor& rows, const mpc::Causal& causal) {
  std::vector<std::uint32_t> row;
  for (std::size_t i = 0; i < causal.tokens; ++i) row.insert(row.end(), causal.length(i), std::uint32_t(i));
  const Array<const std::uint32_t> of = to_device(row);
  const std::size_t pairs = causal.pairs(), tokens = causal.tokens;
  return gather(
      rows, {rows.extent(0), pairs}, KOKKOS_LAMBDA(const std::size_t i) { return i / pairs * tokens + of(i % pairs); });
}

// [heads][pairs] -> [heads][T]: the sum over each row's pairs.
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

// The last exponent of the softmax denominator's pairs of binades: e sums to less than 2 N.
int last_exponent(std::size_t tokens) {
  const int top = kSumScale + int(std::ceil(std::log2(2.0 * double(tokens))));
  return kBinadeBits + (top - 1 - kBinadeBits) / 2 * 2;
}


}  // namespace

Shared Attention::operator()(Party& party, const Masked& h, KvCache& cache) const {
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

  Masked scores = party.open(party.multiply(q, cache.keys(), mpc::Scores(causal)));
  scores = reduce(scores, scores.scale - kScale);
  const Masked top = row_maxima(party, scores, causal);
  const Masked below = scores - moved(top, [&](const Tensor& t) { return spread_rows(t, causal); });

  const mpc::LookedUp e = party.look_up(tables->exp, below, kCellDrop, kExpScale, kExpScale - kScale);
  opened = party.open({e.a, e.b});
  const Masked weights = party.open(party.spline(opened.masked[0], opened.masked[1], e.sign, remainder(below, kCellDrop)));
  const Shared weighted = party.multiply(weights, cache.values(), mpc::Weighted(causal));

  const Masked total = reduce(Masked{sum_rows(weights.x, causal), weights.scale, weights.ring, false, {}}, kExpScale - kSumScale);
  // 1/x for x in [2^e, 2^(e+2)) at kSumScale: 2^-(e - 14) / (x / 2^e). The table's scale is 15; the shift 16 - (e - 14) makes it 31.
  const int last = last_exponent(past + tokens);
  std::vector<int> shifts;
  for (int exponent = kBinadeBits; exponent <= last; exponent += 2) shifts.push_back(16 - (exponent - kSumScale));
  ByBinade sum = by_binade(party, tables->reciprocal, total, kBinadeBits, last, shifts, {weighted}, 15);
  sum.value.scale += 16;
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
