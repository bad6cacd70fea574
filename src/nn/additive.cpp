#include "shardlm/nn/additive.hpp"

#include "by_binade.hpp"
#include "heads.hpp"

namespace shardlm::nn {
namespace {

constexpr int kScoreRing = 33;                                // scores below 2^19 at kScale, biases among them, and their differences
constexpr int kTotalRing = kSumScale + kContextBits + 3;      // denominators below 2^(kContextBits + 1), compared with a bit of slack

Tensor first_tokens(const Tensor& x, std::size_t tokens) {
  const std::size_t all = x.extent(1), dim = x.extent(2);
  return gather(
      x, {x.extent(0), tokens, dim},
      KOKKOS_LAMBDA(const std::size_t i) { return i / (tokens * dim) * all * dim + i % (tokens * dim); });
}

}  // namespace

Masked Additive::open(const Shared& x, int ring) const { return party_.open(Shared{cut(x.x, ring), x.scale, ring, x.held}); }

Shared Additive::linear(const Linear& layer, const Shared& x) const {
  if (layer.secret) return party_.project_secret(layer, open(x));
  return party_.plus_bias(layer, party_.project_back(layer, x));
}

Shared Additive::truncate(const Shared& x, int bits) const { return party_.truncate(open(x), bits); }

Shared Additive::multiply(const Shared& a, const Shared& b, const mpc::Bilinear& op) const {
  const Party::Opened both = party_.open({a, b});
  return party_.multiply(both.masked[0], both.masked[1], op);
}

Shared Additive::without_sign(const mpc::LookedUp& looked, const Masked& x) const {
  const Party::Opened line = party_.open({looked.a, looked.b});
  return party_.spline(line.masked[0], line.masked[1], looked.sign, remainder(x, kCellDrop));
}

Shared Additive::sum_of_squares(const Shared& x) const {
  const Masked opened = party_.with_shares(open(x));
  return party_.multiply(opened, opened, mpc::RowProducts());
}

Shared Additive::silu(const Tables& tables, const Shared& x) const {
  const Masked opened = open(x, tables.silu.m() + kCellDrop);
  return without_sign(party_.look_up(tables.silu, opened, kCellDrop, 64, kSiluScale, kSiluScale - kScale), opened);
}

Shared Additive::exp(const Tables& tables, const Shared& x) const {
  const Masked opened = open(x, kScoreRing);
  return without_sign(party_.look_up(tables.exp, opened, kCellDrop, kExpScale, kExpScale - kScale), opened);
}

Shared Additive::inverse_root(const Tables& tables, const Shared& squares) const {
  return nn::inverse_root(party_, tables, open(squares));
}

Shared Additive::inverse(const Tables& tables, const Shared& total, std::size_t terms) const {
  return nn::inverse(party_, tables, open(total, kTotalRing), terms, {}).value;
}

Shared Additive::row_maxima(const Shared& scores, const mpc::Causal& causal) const {
  return party_.lift(nn::row_maxima(party_, open(scores, kScoreRing), causal));
}

Shared additive_norm(const RmsNorm& norm, Party& party, const Shared& x) {
  const Additive a(party);
  const Shared small = a.truncate(x, kResidualScale - kSquareScale);
  const Shared squares = a.sum_of_squares(small);
  const Shared root = a.inverse_root(*norm.tables, party.plus_public(squares, encode(double(norm.hidden) * norm.epsilon, 2 * kSquareScale)));
  const Shared unit = a.multiply(root, x, mpc::ScaleRows());  // scale 61, size at most 1
  Shared h = a.truncate(unit, unit.scale - kScale - norm.gain);
  h.scale = kScale;  // 2^gain times as large
  return h;
}

Shared additive_attention(const Attention& attention, Party& party, const Shared& h, KvCache& cache, const KeyBiases& biases) {
  const Additive a(party);
  const std::size_t past = cache.length(), tokens = h.x.extent(0), heads = attention.heads, kv = attention.kv_heads, dim = attention.head_dim;
  const mpc::Causal causal{past, tokens};
  const Shared projected = a.linear(attention.qkv, h);
  const Shared all = a.truncate(projected, projected.scale - kActivationScale);
  const auto split = [&](std::size_t first, std::size_t n) {
    return moved(all, [&](const Tensor& t) { return split_heads(t, first * dim, n, dim); });
  };
  const Shared q = a.truncate(rope(split(0, heads), past, attention.rope_theta), kRopeScale);
  const Shared k = a.truncate(rope(split(heads, kv), past, attention.rope_theta), kRopeScale);
  cache.append(k, split(heads + kv, kv));
  const auto kept = [&](const Shared& x) { return moved(x, [&](const Tensor& t) { return first_tokens(t, past + tokens); }); };

  const Shared products = biases.added(a.multiply(q, kept(cache.shared_keys()), mpc::Scores(causal)), causal);
  const Shared scores = a.truncate(products, products.scale - kScale);
  const Shared top = a.row_maxima(scores, causal);
  const Shared e = a.exp(*attention.tables, scores - moved(top, [&](const Tensor& t) { return spread_rows(t, causal); }));
  const Shared total = a.truncate(moved(e, [&](const Tensor& t) { return sum_rows(t, causal); }), kExpScale - kSumScale);
  const Shared share = a.inverse(*attention.tables, total, past + tokens);
  const Shared weighted = a.multiply(e, kept(cache.shared_values()), mpc::Weighted(causal));
  const Shared sums = a.truncate(weighted, weighted.scale - kActivationScale);

  const Shared o = a.multiply(moved(share, [&](const Tensor& t) { return t.reshaped({heads * tokens}); }),
                              moved(sums, [&](const Tensor& t) { return t.reshaped({heads * tokens, dim}); }), mpc::ScaleRows());
  const Shared mixed = moved(a.truncate(o, o.scale - kActivationScale),
                             [&](const Tensor& t) { return join_heads(t.reshaped({heads, tokens, dim})); });
  return a.linear(attention.out, mixed);
}

Shared additive_mlp(const Mlp& mlp, Party& party, const Shared& h) {
  const Additive a(party);
  const Shared both = a.truncate(a.linear(mlp.gate_up, h), kWeightScale);
  const std::size_t inner = mlp.gate_up.rows / 2;
  const auto half = [&](std::size_t first) { return moved(both, [&](const Tensor& t) { return columns(t, first, inner); }); };
  const Shared m = a.multiply(a.silu(*mlp.tables, half(0)), half(inner), mpc::Elementwise());
  return a.linear(mlp.down, a.truncate(m, m.scale - kActivationScale));
}

}  // namespace shardlm::nn
