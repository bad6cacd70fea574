// A server's side of what communicates or consumes what was dealt; the formulas stand in server_formulas.cpp.
#include "shardlm/mpc/server.hpp"

#include "clock.hpp"
#include "packing.hpp"

#include <cstring>
#include <utility>

namespace shardlm::mpc {

const char* name(Part part) {
  static const char* const names[kParts] = {"linear", "look-up", "comparison", "opening", "waiting for the dealer", "other"};
  return names[int(part)];
}

Server::Server(net::World& world, ServerRequest& request)
    : world_(world),
      request_(request),
      first_(world.role() == net::Role::server0),
      peer_(first_ ? net::Role::server1 : net::Role::server0) {}

Server::~Server() = default;

std::array<double, kParts> Server::seconds_of(double total) const {
  std::array<double, kParts> parts = seconds_;
  for (double part : seconds_) total -= part;
  parts[int(Part::other)] = total;
  return parts;
}

Array<Word> Server::dealt(std::size_t n, int k) {
  if (first_) return request_.own.words(n, k);
  const Clock clock(*this, Part::dealer);
  return unpack(request_.dealt.take(Record::words, packed_bytes(n, k)), n, k);
}

crypto::DpfKeys Server::keys(int m, std::size_t n) {
  world_.still_working();
  crypto::DpfKeys keys;
  keys.m = m;
  keys.n = n;
  keys.party = first_ ? 0 : 1;
  keys.tweak = {request_.salt, request_.serial};
  request_.serial += crypto::kTile * crypto::tiles_of(n);
  keys.roots = request_.own.roots(n);
  const std::size_t bytes = crypto::correction_bytes(m, n);
  const Clock clock(*this, Part::dealer);
  const std::uint8_t* from = request_.dealt.take(Record::corrections, bytes);
  const Array<std::uint32_t> words = uninitialized<std::uint32_t>("shardlm::mpc::corrections", bytes / 4);
  const Kokkos::View<std::uint8_t*, Memory, Kokkos::MemoryTraits<Kokkos::Unmanaged>> raw(reinterpret_cast<std::uint8_t*>(words.data()), bytes);
  Kokkos::deep_copy(raw, Kokkos::View<const std::uint8_t*, MessageMemory, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(from, bytes));
  keys.corrections = words;
  costs_.key_bytes += bytes;
  return keys;
}

void Server::exchange(std::size_t bytes) {
  if (theirs_.capacity() < bytes) theirs_ = net::Packet(bytes);
  mine_.size = bytes;
  world_.exchange(peer_, net::Lane::opening, net::Kind::opening, request_.id, mine_, theirs_);
  if (theirs_.size != bytes)
    throw Error("an opening of " + std::to_string(bytes) + " bytes was due, " + std::to_string(theirs_.size) + " came");
  costs_.rounds += 1;
  costs_.opened_bytes += bytes;
}

void Server::do_open(const std::vector<Shared>& wires, const std::vector<Bits>& bits, Opened& out) {
  const Clock clock(*this, Part::opening);
  std::size_t bytes = 0;
  for (const Shared& w : wires) bytes += packed_bytes(w.x.size(), w.ring);
  for (const Bits& w : bits) bytes += packed_bit_bytes(w.x.size());
  if (mine_.capacity() < bytes) mine_ = net::Packet(bytes);

  std::uint8_t* at = mine_.data();
  for (std::size_t i = 0; i < wires.size(); ++i) {
    const Shared& w = wires[i];
    const Array<Word> r = request_.own.words(w.x.size(), w.ring), s = w.x.data();
    const int k = w.ring;
    out.masked[i].x = generate(
        "shardlm::mpc::mask", w.shape(), w.x, KOKKOS_LAMBDA(const std::size_t j) { return low(s(j) + r(j), k); });
    if (!w.held) out.masked[i].share = Tensor(w.shape(), r);
    pack(out.masked[i].x.data(), k, at);
    at += packed_bytes(w.x.size(), k);
  }
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Array<Word> c = request_.own.bits(bits[i].x.size()), b = bits[i].x.data();
    out.bits[i].x = generate(
        "shardlm::mpc::mask_bits", bits[i].shape(), bits[i].x, KOKKOS_LAMBDA(const std::size_t j) { return b(j) ^ c(j); });
    pack_bits(out.bits[i].x.data(), at);
    at += packed_bit_bytes(bits[i].x.size());
  }

  exchange(bytes);

  const std::uint8_t* from = theirs_.data();
  for (std::size_t i = 0; i < wires.size(); ++i) {
    unpack_add(from, wires[i].ring, out.masked[i].x.data());
    from += packed_bytes(wires[i].x.size(), wires[i].ring);
  }
  for (std::size_t i = 0; i < bits.size(); ++i) {
    unpack_xor(from, out.bits[i].x.data());
    from += packed_bit_bytes(bits[i].x.size());
  }
}

Shared Server::input(const Shape& shape, int scale) {
  if (given_.size() > 0) {
    require_same("input", shape, given_.shape());
    return {std::exchange(given_, Tensor()), scale, 64, false};
  }
  // Server 0's share is a stream of a fresh key of the client's, server 1's the rest.
  const std::size_t n = volume(shape), size = first_ ? sizeof(crypto::Key) : packed_bytes(n, 64);
  net::Packet packet(size);
  net::Transfer transfer = world_.receive(net::Role::client, net::Lane::control, net::Kind::embedding, request_.id, packet);
  world_.finish(transfer);
  if (packet.size != size) throw Error("the client's share has " + std::to_string(packet.size) + " bytes instead of " + std::to_string(size));
  if (!first_) return {Tensor(shape, unpack(packet.data(), n, 64)), scale, 64, false};
  crypto::Key key;
  std::memcpy(key.data(), packet.data(), sizeof key);
  const Array<Word> share = crypto::Stream(key).words(n, 64);
  wipe(key.data(), sizeof key);
  return {Tensor(shape, share), scale, 64, false};
}

void Server::output(const Shared& x) {
  // z: a zero sharing between the servers; y: one between server 0 and the dealer.
  const std::size_t n = x.x.size();
  const Array<Word> z = request_.common.words(n, 64), s = x.x.data();
  const Array<Word> y = first_ ? request_.own.words(n, 64) : z;
  const Word first = first_ ? 1 : 0;
  const Tensor fresh = generate(
      "shardlm::mpc::output", x.shape(), x.x, KOKKOS_LAMBDA(const std::size_t i) { return first ? s(i) + z(i) + y(i) : s(i) - z(i); });
  finish_output();
  outputs_.emplace_back(net::Packet(packed_bytes(n, 64)), net::Transfer());
  net::Packet& packet = outputs_.back().first;
  packet.size = packet.capacity();
  pack(fresh.data(), 64, packet.data());
  outputs_.back().second = world_.send(net::Role::client, net::Lane::output, net::Kind::logits, request_.id, packet);
}

void Server::finish_output() {
  for (auto& output : outputs_) world_.finish(output.second);
  outputs_.clear();
}

}  // namespace shardlm::mpc
