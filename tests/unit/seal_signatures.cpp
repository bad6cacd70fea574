// Ed25519 as strict as agreement.hpp says, and public keys as text.
#include <cryptopp/integer.h>
#include <cryptopp/sha.h>

#include "seal_help.hpp"
#include "shardlm/seal/agreement.hpp"

namespace shardlm::seal {
namespace {

using CryptoPP::Integer;

const Integer kOrder = Integer::Power2(252) + Integer("27742317777372353535851937790883648493");
const Integer kPrime = Integer::Power2(255) - Integer(19);

Integer number(const std::uint8_t* bytes) { return {bytes, 32, Integer::UNSIGNED, CryptoPP::LITTLE_ENDIAN_ORDER}; }

template <class Out>
void put(const Integer& n, Out out) {
  std::uint8_t bytes[32];
  n.Encode(bytes, 32);
  std::reverse_copy(bytes, bytes + 32, out);
}

PublicKey encoded(const Integer& y, bool sign = false) {
  PublicKey point;
  put(y, point.begin());
  if (sign) point[31] |= 0x80;
  return point;
}

// Every way to write a point of small order, also as y + p.
std::vector<PublicKey> small_points() {
  std::vector<PublicKey> all;
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})
    for (const std::uint8_t sign : {0, 0x80}) {
      all.push_back(unhex_array<32>(hex));
      all.back()[31] |= sign;
    }
  return all;
}

TEST(SealSignatures, AnyChangeIsRefused) {
  const Identity identity = Identity::generate();
  const Bytes message = unhex("00112233445566778899");
  const Signature signature = identity.sign(message);
  ASSERT_TRUE(verify(identity.public_key(), message, signature));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Signature other = signature;
    other[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(verify(identity.public_key(), message, other)) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    Bytes other = message;
    other[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(verify(identity.public_key(), other, signature)) << bit;
  }
  for (std::size_t bit = 0; bit < 256; ++bit) {
    PublicKey other = identity.public_key();
    other[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(verify(other, message, signature)) << bit;
  }
  EXPECT_FALSE(verify(Identity::generate().public_key(), message, signature));
  EXPECT_TRUE(verify(identity.public_key(), View(), identity.sign(View())));
}

// Crypto++ 8.7 alone accepts S + L.
TEST(SealSignatures, HaveOneForm) {
  const Identity identity = Identity::generate();
  Signature signature = identity.sign("message");
  ASSERT_TRUE(verify(identity.public_key(), "message", signature));
  put(number(signature.data() + 32) + kOrder, signature.begin() + 32);
  EXPECT_FALSE(verify(identity.public_key(), "message", signature));
  put(kOrder, signature.begin() + 32);
  EXPECT_FALSE(verify(identity.public_key(), "message", signature));
}

Integer hash(std::initializer_list<View> pieces) {
  CryptoPP::SHA512 sha;
  for (const View& piece : pieces) sha.Update(piece.data, piece.size);
  std::uint8_t digest[64];
  sha.Final(digest);
  return {digest, 64, Integer::UNSIGNED, CryptoPP::LITTLE_ENDIAN_ORDER};
}

// The secret scalar a of the public key a B (RFC 8032, section 5.1.5).
Integer scalar(const Identity& identity) {
  const Integer low = hash({identity.seed()}) % Integer::Power2(255);
  return low - low % Integer(8) - (low.GetBit(254) ? Integer::Zero() : -Integer::Power2(254));
}

Signature signature(const PublicKey& r, const Integer& s) {
  Signature out;
  std::copy(r.begin(), r.end(), out.begin());
  put(s % kOrder, out.begin() + 32);
  return out;
}

// With the neutral element as public key, R = s B and S = s fit every message; Crypto++ 8.7 alone accepts that.
TEST(SealSignatures, KeysOfSmallOrderAreNone) {
  const Identity known = Identity::generate();
  const Signature forged = signature(known.public_key(), scalar(known));
  for (const PublicKey& key : small_points()) {
    EXPECT_FALSE(verify(key, "any message", forged)) << to_hex(key);
    EXPECT_TRUE(says(refusal([&] { public_key_from(to_text(key)); }), "not the public key of any identity")) << to_hex(key);
  }
}

// As a signer can make it, with 0 for its secret number r; Crypto++ 8.7 alone accepts that too.
TEST(SealSignatures, RIsNotOfSmallOrder) {
  const Identity identity = Identity::generate(), number = Identity::generate();
  const auto made = [&](const PublicKey& r, const Integer& of_r) {
    return signature(r, of_r + hash({r, identity.public_key(), "message"}) * scalar(identity));
  };
  EXPECT_TRUE(verify(identity.public_key(), "message", made(number.public_key(), scalar(number)))) << "so it is made";
  EXPECT_FALSE(verify(identity.public_key(), "message", made(small_points()[2], Integer::Zero())));
  for (const PublicKey& point : small_points()) EXPECT_FALSE(verify(identity.public_key(), "message", made(point, Integer::Zero())));
}

TEST(SealSignatures, EncodingsAreCanonical) {
  for (unsigned y = 0; y < 19; ++y)
    for (const bool sign : {false, true}) {
      const PublicKey key = encoded(kPrime + Integer(y), sign);
      EXPECT_NE(refusal([&] { public_key_from(to_text(key)); }), "") << y;
      EXPECT_FALSE(verify(key, "message", Signature{})) << y;
    }
}

TEST(SealSignatures, PublicKeysAreText) {
  const Identity identity = Identity::generate();
  const std::string text = to_text(identity.public_key());
  EXPECT_EQ(text.size(), 8u + 64);
  EXPECT_EQ(text.substr(0, 8), "ed25519:");
  EXPECT_EQ(public_key_from(text), identity.public_key());
  const std::string digits = text.substr(8);
  std::string upper = text;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const std::string& other : {std::string(), digits, "ed25519:" + digits + "0", "ed25519:" + digits.substr(1), "ed25519: " + digits,
                                   upper, "x25519:" + digits, text + "\n", "ed25519:" + std::string(64, 'g')})
    EXPECT_TRUE(says(refusal([&] { public_key_from(other); }), "64 hex digits")) << other;
}

}  // namespace
}  // namespace shardlm::seal
