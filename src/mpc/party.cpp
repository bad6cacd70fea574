#include "shardlm/mpc/party.hpp"

#include "product.hpp"

#include <algorithm>

namespace shardlm::mpc {
namespace {

std::string number(long long x) { return std::to_string(x); }

void require_ring(const char* what, const Masked& x, int least, int most) {
  if (x.ring < least || x.ring > most)
    throw Error(std::string(what) + ": a wire in a ring of " + number(x.ring) + " bits; it takes " + number(least) + " to " + number(most));
}

Shape stacked(std::size_t n, const Shape& shape) {
  Shape out{n};
  out.insert(out.end(), shape.begin(), shape.end());
  return out;
}

}  // namespace

Party::Opened Party::open(const std::vector<Shared>& wires, const std::vector<Bits>& bits) {
  Opened out;
  for (const Shared& w : wires) out.masked.push_back({Tensor(w.shape()), w.scale, w.ring, !w.held, w.held ? Tensor() : Tensor(w.shape())});
  for (const Bits& w : bits) out.bits.push_back({Tensor(w.shape()), false});
  do_open(wires, bits, out);
  return out;
}

Masked Party::with_shares(const Masked& x) {
  if (x.shared) return x;
  return {x.x, x.scale, x.ring, true, do_shares(x)};
}

Shared Party::lift(const Masked& x) {
  require_ring("lift", x, 3, 64);
  return {do_lift(x), x.scale, 64, true};
}

Shared Party::plus_public(const Shared& x, Word c) {
  if (!adds_public()) return x;
  const Array<Word> in = x.x.data();
  const int ring = x.ring;
  const Tensor sum = generate(
      "shardlm::mpc::plus_public", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) { return low(in(i) + c, ring); });
  return {sum, x.scale, x.ring, x.held};
}

Shared Party::multiply(const Masked& a, const Masked& b, const Bilinear& op) {
  const int ring = std::min(a.ring, b.ring);
  op.shape(a.shape(), b.shape());
  const Masked left = with_shares(a), right = with_shares(b);
  return {do_multiply(left, right, op, ring), a.scale + b.scale, ring, true};
}

Shared Party::product(Product p, int scale) {
  const bool bits = std::any_of(p.factors.begin(), p.factors.end(), [](const Factor& f) { return f.bit; });
  for (const Factor& f : p.factors) require_same("product", p.shape, f.x.shape());
  const int ring = p.ring;
  return {do_product(p), scale, ring, !bits};
}

ProductTerms Party::product_terms(const Product& product) {
  ProductTerms t;
  t.base = int(product.base);
  t.factors = int(product.factors.size());
  t.ring = product.ring;
  t.a = product.a.data().data();
  t.b = product.b.data().data();
  t.x = product.x.data().data();
  t.sign = product.sign.data().data();
  for (int j = 0; j < t.factors; ++j) {
    const Factor& f = product.factors[j];
    t.factor[j] = f.x.data().data();
    t.share[j] = f.share.data().data();
    t.bit[j] = f.bit;
    t.inverted[j] = f.inverted;
  }
  t.enumerate();
  return t;
}

Shared Party::select(const Masked& x, const std::vector<Bit>& bits) {
  if (bits.empty() || bits.size() > 3) throw Error("select: " + number(bits.size()) + " bits; it takes one to three");
  const Masked m = with_shares(x);
  Product p;
  p.shape = x.shape();
  p.ring = x.ring;
  p.factors.push_back({m.x, m.share, false, false, true});
  for (const Bit& b : bits) p.factors.push_back({b.x, {}, true, b.inverted, false});
  return product(p, x.scale);
}

Shared Party::signed_select(const Masked& a, const Sign& sign, const Bit& bit) {
  Product p;
  p.base = Base::signed_value;
  p.a = a.x;
  p.sign = sign.x;
  p.shape = a.shape();
  p.ring = a.ring;
  p.factors.push_back({bit.x, {}, true, bit.inverted, false});
  return product(p, a.scale);
}

Party::Product Party::line(const Masked& a, const Masked& b, const Sign& sign, const Masked& x) {
  if (a.scale != b.scale + x.scale) throw Error("spline: scale " + number(a.scale) + " is not " + number(b.scale) + " + " + number(x.scale));
  require_same("spline", a.shape(), b.shape());
  require_same("spline", a.shape(), x.shape());
  Product p;
  p.base = Base::spline;
  p.a = a.x;
  p.b = b.x;
  p.x = x.x;
  p.sign = sign.x;
  p.shape = a.shape();
  p.ring = std::min({a.ring, b.ring, x.ring});
  return p;
}

Shared Party::spline(const Masked& a, const Masked& b, const Sign& sign, const Masked& x) { return product(line(a, b, sign, x), a.scale); }

Shared Party::spline(const Masked& a, const Masked& b, const Sign& sign, const Masked& x, const Masked& u) {
  Product p = line(a, b, sign, x);
  p.ring = std::min(p.ring, u.ring);
  p.factors.push_back({u.x, {}, false, false, false});
  return product(p, a.scale + u.scale);
}

Shared Party::sum_of_squares(const Masked& x) {
  require_ring("sum of squares", x, 32, 63);
  return {do_sum_of_squares(x), 2 * x.scale, 64, true};
}

Masked Party::project(const Linear& layer, const Masked& x) {
  require_ring("linear layer", x, 64, 64);
  if (layer.secret) return open(project_secret(layer, x));
  return {do_project(layer, x), x.scale + layer.scale, 64, false, {}};
}

Shared Party::project_back(const Linear& layer, const Shared& x) {
  if (layer.secret) return project_secret(layer, open(x));
  if (x.ring != 64) throw Error("linear layer: shares in a ring of " + number(x.ring) + " bits; it takes 64");
  return {do_project_back(layer, x), x.scale + layer.scale, 64, x.held};
}

Shared Party::project_to_shares(const Linear& layer, const Masked& x) {
  if (layer.secret) return project_secret(layer, x);
  return plus_bias(layer, project_back(layer, lift(x)));
}

Shared Party::project_secret(const Linear& layer, const Masked& x) {
  require_ring("linear layer", x, 64, 64);
  return {do_project_secret(layer, x), x.scale + layer.scale, 64, true};
}

Shared Party::plus_bias(const Linear& layer, const Shared& x) {
  if (!adds_public()) return x;
  return {mpc::plus_bias(layer, x.x), x.scale, x.ring, x.held};
}

LookedUp Party::look_up(const crypto::LineTable& table, const Masked& x, int drop, int ring, int scale_a, int scale_b) {
  const Masked index = reduce(x, drop);
  require_ring("look-up", index, table.m(), 64);
  Sign sign;
  const Pair pair = do_look_up(table, index, sign, ring);
  return {{pair.a, scale_a, ring, false}, {pair.b, scale_b, ring, false}, sign};
}

LookedUp Party::look_up(const crypto::WindowTable& table, const Masked& x, int drop, int scale_a, int scale_b) {
  const Masked index = reduce(x, drop);
  require_ring("window look-up", index, 10, 63);
  Sign sign;
  const Pair pair = do_look_up(table, index, sign);
  return {{pair.a, scale_a, 64, false}, {pair.b, scale_b, 64, false}, sign};
}

LookedUpCells Party::look_up(const crypto::CellTable& table, const Masked& x, const std::vector<int>& drops, int scale) {
  for (int drop : drops) require_ring("look-up by binade", reduce(x, drop), table.m(), 64);
  Sign sign;
  const Tensor value = do_look_up(table, x, drops, sign);
  return {{value, scale, 64, false}, sign};
}

Bits Party::less_than(const Masked& x, const std::vector<Word>& knots) {
  require_ring("comparison", x, 2, 64);
  return {do_less_than(x, knots)};
}

Bits Party::between(const Bits& below) {
  const std::size_t knots = below.x.extent(0), n = below.x.size() / knots;
  Shape shape = below.shape();
  shape[0] = knots + 1;
  const Array<Word> in = below.x.data();
  const Word one = adds_public() ? 1 : 0;
  return {generate(
      "shardlm::mpc::between", stacked(knots + 1, Shape(shape.begin() + 1, shape.end())), below.x, KOKKOS_LAMBDA(const std::size_t i) {
        const std::size_t e = i / n;
        const Word upper = e < knots ? in(i) : one, lower = e > 0 ? in(i - n) : 0;
        return upper ^ lower;
      })};
}

}  // namespace shardlm::mpc
