// Key agreement and signatures on Curve25519: X25519 (RFC 7748) with keys that live for one run, Ed25519 (RFC 8032) for who a rank is.
#pragma once

#include "shardlm/seal/bytes.hpp"

namespace shardlm::seal {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

// X25519 of a secret scalar and a point. Throws Error where the result is zero, which the other side can force with a point of low
// order: then both keys are known to everyone (RFC 7748, section 6.1).
Key x25519(const Key& scalar, const PublicKey& point);

// A key pair for one agreement, fresh from the operating system.
class EphemeralKey {
 public:
  EphemeralKey();
  const PublicKey& public_key() const { return public_; }
  Key agree(const PublicKey& other) const { return x25519(secret_, other); }
  void forget() { wipe(secret_.data(), secret_.size()); }

 private:
  Key secret_;
  PublicKey public_;
};

// Who a rank is, for years: the secret seed of an Ed25519 key pair. The public key is always made from the seed: a signature under
// another one would give the seed away.
class Identity {
 public:
  static Identity generate();
  explicit Identity(const Key& seed);
  const PublicKey& public_key() const { return public_; }
  const Key& seed() const { return seed_; }
  Signature sign(View message) const;

 private:
  Key seed_;
  PublicKey public_;
};

// Strict, so that a signature and a key have one form each: S below the group's order, the key's and R's encodings canonical, neither of
// small order (a key of small order has signatures that fit any message). Without cofactor.
[[nodiscard]] bool verify(const PublicKey& key, View message, const Signature& signature);

// "ed25519:" and 64 lower-case hex digits.
std::string to_text(const PublicKey& key);
// Error for any other text, and for a key whose encoding is not canonical or that is of small order.
PublicKey public_key_from(const std::string& text);

}  // namespace shardlm::seal
