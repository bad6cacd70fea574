#include "checksum.hpp"

#include <cryptopp/sha.h>

namespace shardlm::io {

struct Checksum::Impl {
  CryptoPP::SHA256 hash;
};

Checksum::Checksum() : impl_(new Impl) {}
Checksum::~Checksum() = default;

void Checksum::add(const void* data, std::size_t bytes) { impl_->hash.Update(static_cast<const CryptoPP::byte*>(data), bytes); }

std::string Checksum::bytes() {
  CryptoPP::byte digest[CryptoPP::SHA256::DIGESTSIZE];
  impl_->hash.Final(digest);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}

std::string Checksum::hex() {
  std::string text;
  for (const char c : bytes()) {
    const auto b = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[b >> 4];
    text += "0123456789abcdef"[b & 15];
  }
  return text;
}

}  // namespace shardlm::io
