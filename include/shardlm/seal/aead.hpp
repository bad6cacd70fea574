// AES-256-GCM (NIST SP 800-38D) with nonces of 96 bits and tags of 128, in place.
//
// Two messages under one key and one nonce give away both and the means to forge more. Aead cannot know: who holds one sees to it that
// a nonce is never used twice to seal, as channel.hpp does by counting.
//
// By Intel's Multi-Buffer Crypto library where the build has it: 9 to 10 GB/s a core on an EPYC (Zen 4), with AVX-512's instructions; else by
// Crypto++: 3.4 GB/s, with the AES and carry-less multiplication instructions that every x86 server since 2010 has. Both in a time that does
// not depend on data. On a machine without these, Crypto++'s tables stand in, whose timing may tell of the key.
#pragma once

#include <memory>

#include "shardlm/seal/bytes.hpp"

namespace shardlm::seal {

using Nonce = std::array<std::uint8_t, 12>;
constexpr std::size_t kTag = 16;

class Gcm;

// Keeps the expanded key, so that a message costs none of that work, and wipes it. One thread at a time: threads that seal or open at
// once each have an Aead of their own, which takes a microsecond to make.
class Aead {
 public:
  explicit Aead(const Key& key);
  explicit Aead(std::unique_ptr<Gcm> gcm);  // by one library: for tests
  ~Aead();
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;

  // Encrypts data[0 .. n) where it lies and writes its tag, kTag bytes.
  void seal(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n, std::uint8_t* tag);
  // Decrypts data[0 .. n) where it lies. False if data, tag, nonce or associated data are not what was sealed: data is then zero.
  [[nodiscard]] bool open(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n, const std::uint8_t* tag);

 private:
  std::unique_ptr<Gcm> gcm_;
};

}  // namespace shardlm::seal
