// Sealed messages as they travel, to be changed and opened.
#pragma once

#include "seal_help.hpp"
#include "shardlm/seal/channel.hpp"

namespace shardlm::seal {

inline const std::vector<std::size_t> kSizes = {0, 1, 15, 16, 17, kChunk - 1, kChunk, kChunk + 1, 3u << 20, (3u << 20) + 5};

inline const Key kKey(std::array<std::uint8_t, 32>{1, 2, 3});

inline Bytes plain(std::size_t n) {
  Bytes bytes(n);
  std::uint32_t state = 1;
  for (std::uint8_t& b : bytes) b = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

// A message as it travels.
struct Sent {
  Sent(Sealer& sealer, const Bytes& message, std::uint8_t number = 0) : n(message.size()), header(kHeader, number), bytes(message) {
    bytes.resize(sealed_size(n));
    sealer.seal(header, bytes.data(), n, bytes.data() + n);
  }
  std::uint8_t* tags() { return bytes.data() + n; }

  std::size_t n;
  Bytes header, bytes;
};

// Opens a copy: the payload, or nothing, with the check that zeros are left.
inline std::string open(Opener& opener, Sent message, Bytes* out = nullptr) {
  const std::string sentence = refusal([&] { opener.open(message.header, message.bytes.data(), message.n, message.tags()); });
  if (!sentence.empty()) {
    EXPECT_TRUE(zero(message.bytes.data(), message.n)) << "zeros are left";
  }
  if (out != nullptr) out->assign(message.bytes.begin(), message.bytes.begin() + static_cast<std::ptrdiff_t>(message.n));
  return sentence;
}

inline std::string opened_first(const Sent& message, std::uint32_t lane = 1, const Key& key = kKey) {
  Opener opener(key, lane);
  return open(opener, message);
}

inline const std::string kRefused = "changed, replayed, reordered or cut on its way";

}  // namespace shardlm::seal
