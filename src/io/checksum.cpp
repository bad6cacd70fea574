#include "checksum.hpp"

#include <cryptopp/sha.h>

namespace shardlm::io {

struct Checksum::Impl {
  CryptoPP::SHA256 hash;
};

Checksum::Checksum() : impl_(new Impl) {}
Checksum::~Checksum() = default;

void Checksum::add(const void* data, std::size_t bytes) { impl_->hash.Update(static_cast<const CryptoPP::byte*>(data), bytes); }

std::string Checksum::hex() {
  CryptoPP::byte digest[CryptoPP::SHA256::DIGESTSIZE];
  impl_->hash.Final(digest);
  std::string text;
  for (const CryptoPP::byte b : digest) {
    text += "0123456789abcdef"[b >> 4];
    text += "0123456789abcdef"[b & 15];
  }
  return text;
}

}  // namespace shardlm::io
