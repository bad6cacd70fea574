#include "shardlm/seal/aead.hpp"

#include <cryptopp/aes.h>
#include <cryptopp/gcm.h>

namespace shardlm::seal {
namespace {

constexpr std::uint64_t kMost = (std::uint64_t{1} << 36) - 32;  // SP 800-38D, section 5.2.1.1

void check_size(std::size_t n) {
  if (n > kMost) throw Error("AES-GCM cannot seal " + std::to_string(n) + " bytes at once; cut them into parts of at most 64 GiB");
}

}  // namespace

struct Aead::Impl {
  CryptoPP::GCM<CryptoPP::AES>::Encryption sealing;
  CryptoPP::GCM<CryptoPP::AES>::Decryption opening;
};

Aead::Aead(const Key& key) : impl_(new Impl) {
  const Nonce none{};  // Crypto++ wants one with the key; every message brings its own
  impl_->sealing.SetKeyWithIV(key.data(), key.size(), none.data(), none.size());
  impl_->opening.SetKeyWithIV(key.data(), key.size(), none.data(), none.size());
}

Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n, std::uint8_t* tag) {
  check_size(n);
  impl_->sealing.EncryptAndAuthenticate(data, tag, kTag, nonce.data(), static_cast<int>(nonce.size()), associated.data, associated.size,
                                        data, n);
}

// As Crypto++'s DecryptAndVerify(), which allocates memory for the tag each time.
bool Aead::open(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n, const std::uint8_t* tag) {
  check_size(n);
  auto& cipher = impl_->opening;
  cipher.Resynchronize(nonce.data(), static_cast<int>(nonce.size()));
  cipher.SpecifyDataLengths(associated.size, n);
  cipher.Update(associated.data, associated.size);
  cipher.ProcessString(data, n);
  std::array<std::uint8_t, kTag> right;
  cipher.TruncatedFinal(right.data(), right.size());
  if (equal(right, View(tag, kTag))) return true;
  if (n > 0) wipe(data, n);
  return false;
}

}  // namespace shardlm::seal
