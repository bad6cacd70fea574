// Bytes that are only looked at, and bytes that are wiped where they die.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "shardlm/core/wipe.hpp"

namespace shardlm::ot {

// Bytes of a string, an array or a vector, which must outlive it.
struct ByteView {
  const std::uint8_t* data;
  std::size_t size;

  ByteView(const void* first, std::size_t count) : data(static_cast<const std::uint8_t*>(first)), size(count) {}
  template <class Container>
  ByteView(const Container& bytes) : ByteView(bytes.data(), bytes.size()) {
    static_assert(sizeof(*bytes.data()) == 1, "a view of bytes needs elements of one byte");
  }
};

// n bytes of which no copy stays in memory when their owner is gone; a copy has an owner of its own. There is no operator==, which
// would take a time that depends on the bytes.
template <std::size_t n>
struct Secret {
  std::array<std::uint8_t, n> bytes{};

  Secret() = default;
  explicit Secret(const std::array<std::uint8_t, n>& from) : bytes(from) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { wipe(bytes.data(), n); }
};

}  // namespace shardlm::ot
