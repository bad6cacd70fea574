// Ring elements and bits as they travel: ceil(k / 8) bytes each, little-endian; bits eight to a byte, the first lowest.
#pragma once

#include "shardlm/core/ring.hpp"
#include "shardlm/core/tensor.hpp"

namespace shardlm::mpc {

constexpr std::size_t packed_bytes(std::size_t n, int k) { return n * std::size_t(bytes_of(k)); }
constexpr std::size_t packed_bit_bytes(std::size_t n) { return (n + 7) / 8; }

// `bytes` lies in message memory, which host and device both reach. Each call is finished when it returns.
void pack(const Array<Word>& words, int k, std::uint8_t* bytes);
void pack_bits(const Array<Word>& bits, std::uint8_t* bytes);
Array<Word> unpack(const std::uint8_t* bytes, std::size_t n, int k);
// words = (words + the packed ones) mod 2^k; bits = bits ^ the packed ones.
void unpack_add(const std::uint8_t* bytes, int k, const Array<Word>& words);
void unpack_xor(const std::uint8_t* bytes, const Array<Word>& bits);

}  // namespace shardlm::mpc
