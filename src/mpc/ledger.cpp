#include "shardlm/mpc/ledger.hpp"

#include "product.hpp"

namespace shardlm::mpc {
namespace {

std::uint64_t whole_domain_blocks(int m) { return 2 * (std::uint64_t{1} << crypto::dpf_depth(m)) - 1; }

Shape stacked(std::size_t n, Shape shape) {
  shape.insert(shape.begin(), n);
  return shape;
}

}  // namespace

void Ledger::keys(int m, std::size_t n, std::uint64_t blocks_a_key) {
  costs_.key_bytes += crypto::correction_bytes(m, n);
  costs_.prg_blocks += n * blocks_a_key;
}

void Ledger::do_open(const std::vector<Shared>& wires, const std::vector<Bits>& bits, Opened&) {
  costs_.rounds += 1;
  for (const Shared& w : wires) costs_.opened_bytes += w.x.size() * std::size_t(bytes_of(w.ring));
  for (const Bits& w : bits) costs_.opened_bytes += (w.x.size() + 7) / 8;
}

Tensor Ledger::do_shares(const Masked& x) {
  dealt(x.x.size(), x.ring);
  return Tensor(x.shape());
}

Tensor Ledger::do_lift(const Masked& x) {
  if (x.ring < 64) dealt(x.x.size(), 64 - x.ring);
  return Tensor(x.shape());
}

Tensor Ledger::do_multiply(const Masked& a, const Masked& b, const Bilinear& op, int) { return Tensor(op.shape(a.shape(), b.shape())); }

Tensor Ledger::do_product(const Product& p) {
  dealt(std::size_t(product_terms(p).dealt) * volume(p.shape), p.ring);
  return Tensor(p.shape);
}

Tensor Ledger::do_sum_of_squares(const Masked& x) {
  Shape shape = x.shape();
  shape.pop_back();
  dealt(x.x.size(), 64);
  dealt(2 * x.x.size(), 63 - x.ring);
  return Tensor(shape);
}

Tensor Ledger::do_project(const Linear& layer, const Masked& x) { return apply(layer, x.x); }
Tensor Ledger::do_project_back(const Linear& layer, const Shared& x) { return apply(layer, x.x); }

Tensor Ledger::do_project_secret(const Linear& layer, const Masked& x) { return apply(layer, x.x); }

Party::Pair Ledger::do_look_up(const crypto::LineTable& table, const Masked& index, Sign& sign, int) {
  keys(table.m(), index.x.size(), whole_domain_blocks(table.m()));
  sign.x = Tensor(index.shape());
  return {Tensor(index.shape()), Tensor(index.shape())};
}

Party::Pair Ledger::do_look_up(const crypto::WindowTable&, const Masked& index, Sign& sign) {
  keys(index.ring, index.x.size(), 2 * std::uint64_t(crypto::dpf_depth(index.ring)) + 2);
  sign.x = Tensor(index.shape());
  return {Tensor(index.shape()), Tensor(index.shape())};
}

Tensor Ledger::do_look_up(const crypto::CellTable& table, const Masked& x, const std::vector<int>& drops, Sign& sign) {
  keys(table.m(), x.x.size() * drops.size(), whole_domain_blocks(table.m()));
  sign.x = Tensor(stacked(drops.size(), x.shape()));
  return sign.x;
}

Tensor Ledger::do_less_than(const Masked& x, const std::vector<Word>& knots) {
  keys(x.ring - 1, x.x.size(), knots.size() * (std::uint64_t(crypto::dpf_depth(x.ring - 1)) + 1));
  return Tensor(stacked(knots.size(), x.shape()));
}

}  // namespace shardlm::mpc
