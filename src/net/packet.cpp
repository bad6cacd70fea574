#include <algorithm>

#include "header.hpp"
#include "pool.hpp"
#include "shardlm/seal/channel.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::net {

// Tags of a sealed message lie behind its payload.
Packet::Packet(std::size_t capacity) : bytes_(take_buffer(kPayloadAt + seal::sealed_size(capacity))), capacity_(capacity) {}

Packet::~Packet() { release(); }

Packet::Packet(Packet&& other) noexcept
    : size(std::exchange(other.size, 0)),
      bytes_(std::exchange(other.bytes_, MessageBuffer())),
      capacity_(std::exchange(other.capacity_, 0)),
      used_(std::exchange(other.used_, 0)) {}

Packet& Packet::operator=(Packet&& other) noexcept {
  if (this == &other) return *this;
  release();
  size = std::exchange(other.size, 0);
  bytes_ = std::exchange(other.bytes_, MessageBuffer());
  capacity_ = std::exchange(other.capacity_, 0);
  used_ = std::exchange(other.used_, 0);
  return *this;
}

std::uint8_t* Packet::data() const { return bytes_.data() == nullptr ? nullptr : bytes_.data() + kPayloadAt; }

void Packet::release() noexcept {
  recycle_buffer(std::exchange(bytes_, MessageBuffer()), kPayloadAt + std::min(capacity_, std::max(size, used_)));
}

}  // namespace shardlm::net
