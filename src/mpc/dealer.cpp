#include "shardlm/mpc/dealer.hpp"

#include "binade.hpp"
#include "packing.hpp"
#include "shardlm/core/wipe.hpp"
#include "product.hpp"

#include <cstring>

namespace shardlm::mpc {
namespace {

Tensor zeros(const Shape& shape) { return Tensor(shape, Array<Word>("shardlm::mpc::zero", volume(shape))); }

// Server 1's shares of values in Z_{2^k} of which server 0 has s0.
Array<Word> other_shares(const Array<Word>& values, const Array<Word>& s0, int k) {
  const Array<Word> s1 = uninitialized<Word>("shardlm::mpc::dealt", values.size());
  Kokkos::parallel_for(
      "shardlm::mpc::deal", Kokkos::RangePolicy<Exec>(0, values.size()), KOKKOS_LAMBDA(const std::size_t i) { s1(i) = low(values(i) - s0(i), k); });
  return s1;
}

}  // namespace

Dealer::~Dealer() { wipe(staging_.data(), staging_.size()); }

std::uint8_t* Dealer::staging(std::size_t bytes) {
  if (staging_.size() >= bytes) return staging_.data();
  wipe(staging_.data(), staging_.size());
  staging_ = MessageBuffer(Kokkos::view_alloc(std::string("shardlm::mpc::staging"), Kokkos::WithoutInitializing), bytes);
  return staging_.data();
}

void Dealer::deal(const Array<Word>& values, int k) {
  const std::size_t n = values.size(), bytes = packed_bytes(n, k);
  const Array<Word> s1 = other_shares(values, request_.k0.words(n, k), k);
  std::uint8_t* out = staging(bytes);
  pack(s1, k, out);
  request_.to1.append(Record::words, out, bytes);
  costs_.dealt_bytes += bytes;
}

Array<Word> Dealer::deal_keys(int m, const Array<Word>& alpha) {
  nudge();
  const std::size_t n = alpha.size(), bytes = crypto::correction_bytes(m, n);
  const crypto::Tweak tweak{request_.salt, request_.serial};
  request_.serial += crypto::kTile * crypto::tiles_of(n);
  const Array<std::uint32_t> roots0 = request_.k0.roots(n), roots1 = request_.k1.roots(n);
  const crypto::DpfBatch batch = crypto::generate(m, alpha, roots0, roots1, tweak);
  const auto reachable = Kokkos::create_mirror_view_and_copy(MessageMemory(), batch.corrections);  // on a CPU the same memory
  const auto* out = reinterpret_cast<const std::uint8_t*>(reachable.data());
  request_.to0.append(Record::corrections, out, bytes);
  request_.to1.append(Record::corrections, out, bytes);
  costs_.key_bytes += bytes;
  return batch.signs;
}

void Dealer::do_open(const std::vector<Shared>& wires, const std::vector<Bits>& bits, Opened& out) {
  for (std::size_t i = 0; i < wires.size(); ++i) {
    const Shared& w = wires[i];
    const int k = w.ring;
    const Array<Word> r0 = request_.k0.words(w.x.size(), k), r1 = request_.k1.words(w.x.size(), k), d = w.x.data();
    out.masked[i].x = generate(
        "shardlm::mpc::mask", w.shape(), w.x, KOKKOS_LAMBDA(const std::size_t j) { return low(r0(j) + r1(j) - d(j), k); });
  }
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const std::size_t n = bits[i].x.size();
    const Array<Word> c0 = request_.k0.bits(n), c1 = request_.k1.bits(n), d = bits[i].x.data();
    out.bits[i].x = generate(
        "shardlm::mpc::mask_bits", bits[i].shape(), bits[i].x, KOKKOS_LAMBDA(const std::size_t j) { return c0(j) ^ c1(j) ^ d(j); });
  }
}

Tensor Dealer::do_shares(const Masked& x) {
  deal(x.x.data(), x.ring);
  return Tensor(x.shape());
}

Tensor Dealer::do_lift(const Masked& x) {
  if (x.ring < 64) {
    const int k = x.ring;
    const Array<Word> r = x.x.data();
    const Tensor top = generate(
        "shardlm::mpc::top", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) { return msb(r(i), k); });
    deal(top.data(), 64 - k);
  }
  return negate(x.x, 64);
}

Tensor Dealer::do_multiply(const Masked& a, const Masked& b, const Bilinear& op, int ring) { return cut(op.apply(a.x, b.x), ring); }

Tensor Dealer::do_product(const Product& p) {
  const ProductTerms terms = product_terms(p);
  const std::size_t n = volume(p.shape);
  const Array<Word> values = uninitialized<Word>("shardlm::mpc::terms", terms.dealt * n);
  Word* out = values.data();
  const Tensor held = generate(
      "shardlm::mpc::product", p.shape, p.factors.empty() ? p.a : p.factors[0].x,
      KOKKOS_LAMBDA(const std::size_t i) { return terms.dealer(out, n, i); });
  if (terms.dealt) deal(values, p.ring);
  return held;
}

Tensor Dealer::do_sum_of_squares(const Masked& x) {
  const int k = x.ring;
  const Array<Word> r = x.x.data();
  const Tensor h = generate(
      "shardlm::mpc::top", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) { return msb(r(i), k); });
  const Tensor hr = generate(
      "shardlm::mpc::top_mask", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) { return low(msb(r(i), k) * r(i), 63 - k); });
  deal(r, 64);
  deal(h.data(), 63 - k);
  deal(hr.data(), 63 - k);
  const Tensor squares = generate(
      "shardlm::mpc::squares", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) { return r(i) * r(i); });
  return sum_last_axis(squares, 64);
}

void Dealer::nudge() {
  world_.still_working();
  request_.to0.nudge();
  request_.to1.nudge();
}

Tensor Dealer::do_project(const Linear& layer, const Masked& x) {
  nudge();
  return apply(layer, x.x);
}


Tensor Dealer::do_project_back(const Linear& layer, const Shared& x) {
  nudge();
  if (x.held) return apply(layer, x.x);
  Shape shape = x.shape();
  shape.back() = layer.rows;
  return zeros(shape);
}

Tensor Dealer::do_project_secret(const Linear& layer, const Masked& x) {
  nudge();
  return mpc::plus_bias(layer, negate(apply(layer, x.x), 64));
}

Party::Pair Dealer::do_look_up(const crypto::LineTable& table, const Masked& index, Sign& sign, int) {
  sign.x = Tensor(index.shape(), deal_keys(table.m(), cut(index.x, table.m()).data()));
  return {zeros(index.shape()), zeros(index.shape())};
}

Party::Pair Dealer::do_look_up(const crypto::WindowTable&, const Masked& index, Sign& sign) {
  sign.x = Tensor(index.shape(), deal_keys(index.ring, index.x.data()));
  return {zeros(index.shape()), zeros(index.shape())};
}

Tensor Dealer::do_look_up(const crypto::CellTable& table, const Masked& x, const std::vector<int>& drops, Sign& sign) {
  const Tensor alpha = binade_indices(x.x, drops, table.m());
  sign.x = Tensor(alpha.shape(), deal_keys(table.m(), alpha.data()));
  return zeros(alpha.shape());
}

Tensor Dealer::do_less_than(const Masked& x, const std::vector<Word>& knots) {
  const int k = x.ring;
  deal_keys(k - 1, cut(x.x, k - 1).data());
  Shape shape = x.shape();
  shape.insert(shape.begin(), knots.size());
  const std::size_t n = x.x.size();
  const Array<Word> r = x.x.data();
  return generate(
      "shardlm::mpc::less_than", shape, x.x, KOKKOS_LAMBDA(const std::size_t i) { return msb(r(i % n), k); });
}

Shared Dealer::input(const Shape& shape, int scale) { return {zeros(shape), scale, 64, false}; }

void Dealer::output(const Shared& x) {
  const std::size_t n = x.x.size();
  const Array<Word> y = request_.k0.words(n, 64), d = x.x.data();
  const Tensor fresh = generate(
      "shardlm::mpc::output", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) { return d(i) - y(i); });
  ++sent_;
  net::Packet packet(packed_bytes(n, 64));
  packet.size = packet.capacity();
  pack(fresh.data(), 64, packet.data());
  if (request_.id == 0)
    kept_outputs_.push_back(std::move(packet));
  else
    send_output(std::move(packet));
}

void Dealer::send_output(net::Packet packet) {
  while (!outputs_.empty() && world_.finished(outputs_.front().second)) outputs_.pop_front();
  outputs_.emplace_back(std::move(packet), net::Transfer());
  outputs_.back().second = world_.send(net::Role::client, net::Lane::output, net::Kind::logits, request_.id, outputs_.back().first);
}

void Dealer::announced(std::uint64_t id) {
  request_.id = id;
  release(request_.to0, request_.to1, id);
  for (; !kept_outputs_.empty(); kept_outputs_.pop_front()) send_output(std::move(kept_outputs_.front()));
}

void Dealer::finish_output() {
  for (auto& output : outputs_) world_.finish(output.second);
  outputs_.clear();
}

}  // namespace shardlm::mpc
