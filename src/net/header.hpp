// The header of a message, as it travels: 32 bytes directly in front of the payload, in the machine's byte order (the magic
// number tells a machine of the other order). The buffer begins at a multiple of 64, so that the payload does too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace shardlm::net {

constexpr std::uint32_t kMagic = 0x314d4c53;  // "SLM1": the last character is the version of this format

struct Header {
  std::uint32_t magic;
  std::uint32_t kind;
  std::uint64_t request;
  std::uint64_t sequence;  // of this lane, in this direction, from 0
  std::uint64_t size;      // of the payload, which may continue in further MPI messages
};
static_assert(sizeof(Header) == 32, "headers travel as they lie in memory");

// What the other ranks hear of the client's troubles, whose own words may hold some of the prompt's.
constexpr const char* kClientSays = "it cannot go on, and says why itself";

constexpr std::size_t kPayloadAt = 64;
constexpr std::size_t kHeaderAt = kPayloadAt - sizeof(Header);

}  // namespace shardlm::net
