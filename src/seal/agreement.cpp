#include "shardlm/seal/agreement.hpp"

#include <cryptopp/osrng.h>
#include <cryptopp/xed25519.h>

#include <algorithm>

namespace shardlm::seal {
namespace {

constexpr const char* kPrefix = "ed25519:";

// 2^252 + 27742317777372353535851937790883648493, the order of the base point, low byte first.
constexpr std::uint8_t kOrder[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                     0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
// 2^255 - 19.
constexpr std::uint8_t kPrime[32] = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
// y of the points whose order divides 8: of order 4, 1, 2, and twice 8.
constexpr std::uint8_t kSmall[5][32] = {{0},
                                        {1},
                                        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
                                        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
                                         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
                                        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
                                         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05}};

// Of public numbers, low byte first.
bool less(const std::uint8_t* a, const std::uint8_t* b) {
  for (int i = 31; i >= 0; --i)
    if (a[i] != b[i]) return a[i] < b[i];
  return false;
}

// Is this how a point that is not of small order is written?
bool sound(const std::uint8_t* point) {
  std::uint8_t y[32];
  std::copy_n(point, 32, y);
  y[31] &= 0x7f;  // the sign of x
  const bool small = std::any_of(std::begin(kSmall), std::end(kSmall), [&](const auto& s) { return std::equal(s, s + 32, y); });
  return less(y, kPrime) && !small;
}

bool printable(const std::string& text) {
  return text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

Key x25519(const Key& scalar, const PublicKey& point) {
  Key shared;
  CryptoPP::x25519().Agree(shared.data(), scalar.data(), point.data(), false);  // without its list of bad points: all give zero
  if (equal(shared, Key()))
    throw Error("the other side's X25519 key is of low order, so that the secret would be zero; it does not follow the protocol");
  return shared;
}

EphemeralKey::EphemeralKey() : secret_(random_key()) {
  CryptoPP::x25519().GeneratePublicKey(CryptoPP::NullRNG(), secret_.data(), public_.data());
}

Identity Identity::generate() { return Identity(random_key()); }

Identity::Identity(const Key& seed) : seed_(seed) {
  const CryptoPP::ed25519::Signer signer(seed_.data());
  const auto& key = static_cast<const CryptoPP::ed25519PrivateKey&>(signer.GetPrivateKey());
  std::copy_n(key.GetPublicKeyBytePtr(), public_.size(), public_.begin());
}

Signature Identity::sign(View message) const {
  Signature signature;
  CryptoPP::ed25519::Signer(seed_.data()).SignMessage(CryptoPP::NullRNG(), message.data, message.size, signature.data());
  return signature;
}

bool verify(const PublicKey& key, View message, const Signature& signature) {
  if (!sound(key.data()) || !sound(signature.data()) || !less(signature.data() + 32, kOrder)) return false;
  const CryptoPP::ed25519::Verifier verifier(key.data());
  return verifier.VerifyMessage(message.data, message.size, signature.data(), signature.size());
}

std::string to_text(const PublicKey& key) { return kPrefix + to_hex(key); }

PublicKey public_key_from(const std::string& text) {
  const std::string prefix = kPrefix;
  PublicKey key;
  if (text.compare(0, prefix.size(), prefix) != 0 ||
      !from_hex(text.data() + prefix.size(), text.size() - prefix.size(), key.data(), key.size()))
    throw Error((printable(text) ? "\"" + text + "\"" : std::string("this text")) +
                " is not a public key: that is \"ed25519:\" and 64 hex digits in lower case");
  if (!sound(key.data())) throw Error(text + " is not the public key of any identity");
  return key;
}

}  // namespace shardlm::seal
