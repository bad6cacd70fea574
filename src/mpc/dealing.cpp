#include "shardlm/mpc/dealing.hpp"

#include "shardlm/core/error.hpp"
#include "shardlm/core/wipe.hpp"

#include <cstring>

namespace shardlm::mpc {
namespace {

constexpr std::size_t kPacket = std::size_t{1} << 20;
constexpr std::size_t kFirst = 1;    // a packet's first byte: is it the last packet?
constexpr std::size_t kUnread = ~std::size_t{0};

struct Head {
  std::uint32_t kind, zero;
  std::uint64_t sequence, size;
};

}  // namespace

DealSender::DealSender(net::World& world, net::Role to, std::uint64_t request, std::size_t ahead, std::function<bool()> stop)
    : world_(world), to_(to), request_(request), ahead_(std::max(ahead, 2 * kPacket)), stop_(std::move(stop)) {}

void DealSender::append(Record kind, const std::uint8_t* bytes, std::size_t size) {
  if (stop_()) throw Stopped();
  const Head head{std::uint32_t(kind), 0, sequence_++, size};
  put(reinterpret_cast<const std::uint8_t*>(&head), sizeof head);
  put(bytes, size);
  payload_[kind == Record::corrections] += size;
  nudge();
}

void DealSender::nudge() {
  if (keeps()) return;
  collect();
  if (in_flight_.empty()) flush();  // the server has all that was sent: do not keep it waiting for a full packet
}

void pair(DealSender& a, DealSender& b) {
  a.partner_ = &b;
  b.partner_ = &a;
}

void DealSender::put(const std::uint8_t* bytes, std::size_t size) {
  while (size > 0) {
    if (current_.capacity() == 0) make_room();
    const std::size_t n = std::min(size, current_.capacity() - current_.size);
    std::memcpy(current_.data() + current_.size, bytes, n);
    current_.size += n;
    bytes += n;
    size -= n;
    if (current_.size == current_.capacity()) dispatch(false);
  }
}

void DealSender::make_room() {
  collect();
  if (!keeps() && under_way_ + kPacket > ahead_) await_room();
  current_ = net::Packet(kPacket);
  current_.size = kFirst;
}

void DealSender::await_room() {
  const trace::Scope scope(recorder_, trace::Region::room);
  const double start = trace::now();
  while (under_way_ + kPacket > ahead_) {
    if (stop_()) throw Stopped();
    if (partner_) partner_->nudge();
    world_.idle();
    collect();
  }
  waited_ += trace::now() - start;
}

void DealSender::collect() {
  while (!in_flight_.empty() && world_.finished(in_flight_.front().transfer)) {
    under_way_ -= kPacket;
    in_flight_.pop_front();
  }
}

void DealSender::dispatch(bool last) {
  current_.data()[0] = last;
  net::Packet packet = std::move(current_);
  current_ = net::Packet();
  if (keeps())
    kept_.push_back(std::move(packet));
  else
    send(std::move(packet));
}

void DealSender::send(net::Packet packet) {
  in_flight_.emplace_back();
  in_flight_.back().packet = std::move(packet);
  under_way_ += kPacket;
  in_flight_.back().transfer = world_.send(to_, net::Lane::dealing, net::Kind::dealt, request_, in_flight_.back().packet);
}

void release(DealSender& a, DealSender& b, std::uint64_t request) {
  a.request_ = b.request_ = request;
  while (!a.kept_.empty() || !b.kept_.empty())
    for (DealSender* each : {&a, &b}) {
      if (each->kept_.empty()) continue;
      each->send(std::move(each->kept_.front()));
      each->kept_.pop_front();
    }
}

void DealSender::flush() {
  if (current_.capacity() != 0 && current_.size > kFirst) dispatch(false);
}

void DealSender::finish() {
  flush();
  if (current_.capacity() == 0) {
    current_ = net::Packet(kFirst);
    current_.size = kFirst;
  }
  dispatch(true);
  while (!in_flight_.empty()) {
    collect();
    if (!in_flight_.empty()) world_.idle();
  }
}

DealReceiver::DealReceiver(net::World& world, std::uint64_t request) : world_(world), request_(request), at_(kUnread) {
  next_.packet = net::Packet(kPacket);
  post();
}

void DealReceiver::post() {
  next_.transfer = world_.receive(net::Role::dealer, net::Lane::dealing, net::Kind::dealt, request_, next_.packet);
}

void DealReceiver::next_packet() {
  if (last_) throw Error("the dealer's stream ended before the answer did");
  const double start = trace::now();
  world_.finish(next_.transfer);
  waited_ += trace::now() - start;
  if (next_.packet.size < kFirst) throw Error("the dealer sent an empty packet");
  if (at_ != kUnread) wipe(current_.data(), current_.size);  // used once, and gone
  std::swap(current_, next_.packet);
  at_ = kFirst;
  last_ = current_.data()[0] != 0;
  if (last_) return;
  // The next one comes while this one is used. Never more in advance: what follows the last packet is another request's.
  if (next_.packet.capacity() == 0) next_.packet = net::Packet(kPacket);
  post();
}

void DealReceiver::get(std::uint8_t* to, std::size_t size) {
  while (size > 0) {
    if (at_ == kUnread || at_ == current_.size) next_packet();
    const std::size_t n = std::min(size, current_.size - at_);
    std::memcpy(to, current_.data() + at_, n);
    at_ += n;
    to += n;
    size -= n;
  }
}

const std::uint8_t* DealReceiver::take(Record kind, std::size_t size) {
  Head head;
  get(reinterpret_cast<std::uint8_t*>(&head), sizeof head);
  if (head.kind != std::uint32_t(kind) || head.sequence != sequence_ || head.size != size)
    throw Error("the dealer's stream is out of step: record " + std::to_string(sequence_) + " of kind " + std::to_string(std::uint32_t(kind)) + " and " +
                std::to_string(size) + " bytes was due, record " + std::to_string(head.sequence) + " of kind " + std::to_string(head.kind) + " and " +
                std::to_string(head.size) + " bytes came");
  ++sequence_;
  payload_[kind == Record::corrections] += size;
  if (at_ != kUnread && current_.size - at_ >= size) {  // whole in this packet: no copy
    at_ += size;
    return current_.data() + at_ - size;
  }
  if (joined_.size() < size) {
    wipe(joined_.data(), joined_.size());
    joined_ = MessageBuffer(Kokkos::view_alloc(std::string("shardlm::mpc::joined"), Kokkos::WithoutInitializing), size);
  }
  get(joined_.data(), size);
  return joined_.data();
}

DealReceiver::~DealReceiver() { wipe(joined_.data(), joined_.size()); }

void DealReceiver::drain() {
  while (!last_) next_packet();
}

}  // namespace shardlm::mpc
