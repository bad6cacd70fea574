// Bytes as the room takes and gives them: views of what a caller holds, keys that are wiped, digests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "shardlm/core/error.hpp"
#include "shardlm/core/wipe.hpp"

namespace shardlm::seal {

using Bytes = std::vector<std::uint8_t>;
using Digest = std::array<std::uint8_t, 32>;  // of SHA-256

// Bytes that are read where they lie; the argument of a call, not something to keep.
struct View {
  View() = default;
  View(const void* bytes, std::size_t n) : data(static_cast<const std::uint8_t*>(bytes)), size(n) {}
  template <class Container, class = decltype(std::declval<const Container&>().data())>
  View(const Container& c) : View(c.data(), c.size()) {
    static_assert(sizeof(*c.data()) == 1, "a view is of bytes");
  }
  View(const char* text) : View(text, std::char_traits<char>::length(text)) {}

  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

// 32 secret bytes; every copy is wiped at its end.
struct Key {
  Key() = default;
  explicit Key(const std::array<std::uint8_t, 32>& secret) : bytes(secret) {}
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key() { wipe(bytes.data(), bytes.size()); }
  std::uint8_t* data() { return bytes.data(); }
  const std::uint8_t* data() const { return bytes.data(); }
  static constexpr std::size_t size() { return 32; }

  std::array<std::uint8_t, 32> bytes{};
};

// Fresh from the operating system; throws Error if it has none to give.
void random_bytes(void* out, std::size_t n);
Key random_key();

// Are they the same? Takes as long wherever they differ.
bool equal(View a, View b);

std::string to_hex(View bytes);  // lower case
// The n bytes that 2 n lower-case hex digits stand for; false, with whatever is in `out`, for any other text.
bool from_hex(const char* text, std::size_t digits, std::uint8_t* out, std::size_t n);

}  // namespace shardlm::seal
