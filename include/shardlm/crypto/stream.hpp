// ChaCha as the one pseudorandom generator: streams of ring elements, bits and DPF seeds that two ranks replay alike.
//
// The state is RFC 8439's (section 2.3): words 0-3 constants, 4-11 key, 12 counter, 13-15 nonce, with
// SHARDLM_CHACHA_ROUNDS rounds (12 by default, 8 or 20 by a CMake option). A block of a Stream has counter = its number
// within the draw and nonce = (kStreamUse, 64-bit number of the draw, low word first). A draw is one call; both ends make
// the same calls in the same order. So any block can be made alone, by any thread.
#pragma once

#include "shardlm/core/types.hpp"
#include "shardlm/core/wipe.hpp"

#include <array>

namespace shardlm::crypto {

// The use of a ChaCha block: the nonce's first word. Uses never share a block.
enum Use : std::uint32_t { kNodeUse = 0, kLeafUse = 1, kStreamUse = 2, kWeightUse = 3, kRowNodeUse = 4, kRowLeafUse = 5 };

using Key = std::array<std::uint32_t, 8>;   // 256 bits, little-endian words
using Salt = std::array<std::uint32_t, 4>;  // 128 public bits of a request

constexpr int kTile = 16;  // DPF keys lie side by side in tiles of 16
constexpr std::size_t tiles_of(std::size_t n) { return (n + kTile - 1) / kTile; }

// Fresh from the operating system; throws Error if it has none to give.
Key random_key();
Salt random_salt();
void random_bytes(void* out, std::size_t size);

// One block, for tests and small needs; the stream and DPF kernels hold their own vectorised form.
std::array<std::uint32_t, 16> chacha_block(const Key& key, std::uint32_t counter, const std::array<std::uint32_t, 3>& nonce, int rounds);

class Stream {
 public:
  Stream() = default;
  explicit Stream(const Key& key) : key_(key) {}
  ~Stream() { wipe(key_.data(), sizeof key_); }
  Stream(const Stream&) = default;
  Stream& operator=(const Stream&) = default;

  Array<Word> words(std::size_t n, int k);           // n uniform elements of Z_{2^k}: the i-th 8 bytes, little-endian, cut to k bits
  Array<Word> bits(std::size_t n);                   // n words of 0 or 1: bit i of the draw
  Array<std::uint32_t> roots(std::size_t n);         // seeds of n DPFs: [tiles_of(n)][4][kTile], in the order of the draw's words
  std::uint64_t draws() const { return draw_; }      // made so far

 private:
  Key key_{};
  std::uint64_t draw_ = 0;
};

}  // namespace shardlm::crypto
