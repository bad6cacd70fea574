// A server's local formulas. PROTOCOL: v is a masked value, [y] this server's share of a dealer's value y.
#include "clock.hpp"
#include "binade.hpp"
#include "product.hpp"

namespace shardlm::mpc {

Tensor Server::do_shares(const Masked& x) { return Tensor(x.shape(), dealt(x.x.size(), x.ring)); }

Tensor Server::do_lift(const Masked& x) {
  const bool first = first_;
  const Array<Word> v = x.x.data();
  if (x.ring == 64)
    return generate(
        "shardlm::mpc::lift64", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) { return first ? v(i) : Word{0}; });
  const int k = x.ring;
  const Array<Word> h = dealt(x.x.size(), 64 - k);
  return generate(
      "shardlm::mpc::lift", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) {
        const Word slack = Word{1} << (k - 2), u = low(v(i) + slack, k);
        return (first ? u - slack : Word{0}) + ((1 - msb(u, k)) << k) * h(i);
      });
}

Tensor Server::do_multiply(const Masked& a, const Masked& b, const Bilinear& op, int ring) {
  // v v' - v [r'] - [r] v' = v (v' - [r']) - [r] v' for server 0; without v v' for server 1.
  const Tensor right = first_ ? subtract(b.x, b.share, 64) : negate(b.share, 64);
  return subtract(op.apply(a.x, right), op.apply(a.share, b.x), ring);
}

Tensor Server::do_product(const Product& p) {
  ProductTerms terms = product_terms(p);
  const std::size_t n = volume(p.shape);
  const Array<Word> shares = terms.dealt ? dealt(terms.dealt * n, p.ring) : Array<Word>();
  const Word* dealt_shares = shares.data();
  const bool first = first_;
  return generate(
      "shardlm::mpc::product", p.shape, p.factors.empty() ? p.a : p.factors[0].x,
      KOKKOS_LAMBDA(const std::size_t i) { return terms.server(dealt_shares, n, i, first); });
}

Tensor Server::do_sum_of_squares(const Masked& x) {
  Shape shape = x.shape();
  const std::size_t n = x.x.size(), columns = shape.back();
  shape.pop_back();
  const int k = x.ring;
  const Array<Word> r = dealt(n, 64), hs = dealt(n, 63 - k), hr = dealt(n, 63 - k), v = x.x.data();
  const bool first = first_;
  return generate(
      "shardlm::mpc::sum_of_squares", shape, x.x, KOKKOS_LAMBDA(const std::size_t row) {
        const Word slack = Word{1} << (k - 2);
        Word sum = 0;
        for (std::size_t i = row * columns; i < (row + 1) * columns; ++i) {
          const Word u = low(v(i) + slack, k), p = u - slack, q = (1 - msb(u, k)) << k;
          sum += 2 * (p * (q * hs(i) - r(i)) - q * hr(i)) + (first ? p * p : Word{0});
        }
        return sum;
      });
}

Tensor Server::do_project(const Linear& layer, const Masked& x) {
  const Clock clock(*this, Part::linear);
  world_.still_working();  // the others may wait long for a large layer
  return mpc::plus_bias(layer, apply(layer, x.x));
}

Tensor Server::do_project_back(const Linear& layer, const Shared& x) {
  const Clock clock(*this, Part::linear);
  world_.still_working();  // the others may wait long for a large layer
  return apply(layer, x.x);
}

Tensor Server::do_project_secret(const Linear& layer, const Masked& x) {
  const Clock clock(*this, Part::linear);
  world_.still_working();
  return apply_share(layer, x.x);
}

Party::Pair Server::do_look_up(const crypto::LineTable& table, const Masked& index, Sign& sign, int ring) {
  const Clock clock(*this, Part::look_up);
  const std::size_t n = index.x.size();
  const crypto::DpfKeys batch = keys(table.m(), n);
  const crypto::TwoColumns columns = crypto::look_up(table, batch, cut(index.x, table.m()).data());
  costs_.prg_blocks += n * (2 * (std::uint64_t{1} << crypto::dpf_depth(table.m())) - 1);
  sign.x = Tensor(index.shape());
  return {cut(Tensor(index.shape(), columns.a), ring), cut(Tensor(index.shape(), columns.b), ring)};
}

Party::Pair Server::do_look_up(const crypto::WindowTable& table, const Masked& index, Sign& sign) {
  const Clock clock(*this, Part::look_up);
  const std::size_t n = index.x.size();
  const crypto::DpfKeys batch = keys(index.ring, n);
  const crypto::TwoColumns columns = crypto::look_up(table, batch, index.x.data());
  costs_.prg_blocks += n * (2 * std::uint64_t(crypto::dpf_depth(index.ring)) + 2);
  sign.x = Tensor(index.shape());
  return {Tensor(index.shape(), columns.a), Tensor(index.shape(), columns.b)};
}

Tensor Server::do_look_up(const crypto::CellTable& table, const Masked& x, const std::vector<int>& drops, Sign& sign) {
  const Clock clock(*this, Part::look_up);
  const Tensor z = binade_indices(x.x, drops, table.m());
  const crypto::DpfKeys batch = keys(table.m(), z.size());
  const Array<Word> value = crypto::look_up(table, batch, z.data());
  costs_.prg_blocks += z.size() * (2 * (std::uint64_t{1} << crypto::dpf_depth(table.m())) - 1);
  sign.x = Tensor(z.shape());
  return Tensor(z.shape(), value);
}

Tensor Server::do_less_than(const Masked& x, const std::vector<Word>& knots) {
  const Clock clock(*this, Part::comparison);
  const std::size_t n = x.x.size(), queries = knots.size();
  const int k = x.ring;
  const crypto::DpfKeys batch = keys(k - 1, n);
  Shape shape = x.shape();
  shape.insert(shape.begin(), queries);
  const Array<Word> v = x.x.data(), p = to_device(knots, {queries}).data();
  const Tensor u = generate(
      "shardlm::mpc::knots", shape, x.x, KOKKOS_LAMBDA(const std::size_t i) { return low(v(i % n) - p(i / n), k); });
  const Array<Word> below = crypto::prefix(batch, cut(u, k - 1).data()), us = u.data();
  costs_.prg_blocks += n * queries * (std::uint64_t(crypto::dpf_depth(k - 1)) + 1);
  const bool first = first_;
  return generate(
      "shardlm::mpc::less_than", shape, u, KOKKOS_LAMBDA(const std::size_t i) { return first ? below(i) ^ msb(us(i), k) ^ 1 : below(i); });
}

}  // namespace shardlm::mpc
