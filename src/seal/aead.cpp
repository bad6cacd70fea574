#include "shardlm/seal/aead.hpp"

#include <algorithm>

#include "gcm.hpp"

namespace shardlm::seal {
namespace {

constexpr std::uint64_t kMost = (std::uint64_t{1} << 36) - 32;  // SP 800-38D, section 5.2.1.1

void check_size(std::size_t n) {
  if (n > kMost) throw Error("AES-GCM cannot seal " + std::to_string(n) + " bytes at once; cut them into parts of at most 64 GiB");
}

std::unique_ptr<Gcm> fastest(const Key& key) {
  std::unique_ptr<Gcm> gcm = ipsec_mb_gcm(key);
  return gcm ? std::move(gcm) : cryptopp_gcm(key);
}

}  // namespace

Aead::Aead(const Key& key) : gcm_(fastest(key)) {}
Aead::Aead(std::unique_ptr<Gcm> gcm) : gcm_(std::move(gcm)) {}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n, std::uint8_t* tag) {
  check_size(n);
  const Gcm::Tag made = gcm_->encrypt(nonce, associated, data, n);
  std::copy(made.begin(), made.end(), tag);
}

bool Aead::open(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n, const std::uint8_t* tag) {
  check_size(n);
  const Gcm::Tag right = gcm_->decrypt(nonce, associated, data, n);
  if (equal(right, View(tag, kTag))) return true;
  if (n > 0) wipe(data, n);
  return false;
}

}  // namespace shardlm::seal
