// SHA-256 and HMAC-SHA256 over several pieces.
#pragma once

#include <cryptopp/hmac.h>
#include <cryptopp/sha.h>

#include <initializer_list>

#include "shardlm/seal/bytes.hpp"

namespace shardlm::seal {

inline Digest sha256(std::initializer_list<View> pieces) {
  CryptoPP::SHA256 hash;
  for (const View& piece : pieces) hash.Update(piece.data, piece.size);
  Digest digest;
  hash.Final(digest.data());
  return digest;
}

// Under a key of any length, which may be empty.
inline void hmac(View key, std::initializer_list<View> pieces, std::uint8_t* out) {
  static constexpr CryptoPP::byte kNone = 0;
  CryptoPP::HMAC<CryptoPP::SHA256> mac(key.size > 0 ? key.data : &kNone, key.size);
  for (const View& piece : pieces) mac.Update(piece.data, piece.size);
  mac.Final(out);
}

}  // namespace shardlm::seal
