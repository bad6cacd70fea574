// AES-256-GCM by a library: the fastest that this build has and this machine runs.
#pragma once

#include <memory>

#include "shardlm/seal/aead.hpp"

namespace shardlm::seal {

class Gcm {
 public:
  using Tag = std::array<std::uint8_t, kTag>;
  virtual ~Gcm() = default;
  // Encrypt and decrypt data[0 .. n) where it lies, and say what its tag is. Nothing is compared.
  virtual Tag encrypt(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n) = 0;
  virtual Tag decrypt(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n) = 0;
};

std::unique_ptr<Gcm> cryptopp_gcm(const Key& key);
// Intel's Multi-Buffer Crypto library: with AVX-512's AES and carry-less products three times as fast. Null where the build is without it or
// the machine lacks AES instructions: what stands in for them there is no better than Crypto++'s.
std::unique_ptr<Gcm> ipsec_mb_gcm(const Key& key);

}  // namespace shardlm::seal
