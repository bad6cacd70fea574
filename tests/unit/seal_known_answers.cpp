// Every algorithm of the room against Wycheproof's cases (tests/vectors/wycheproof) and the examples of the RFCs (seal_rfc.json).
#include "../../src/seal/gcm.hpp"
#include "seal_help.hpp"
#include "shardlm/seal/aead.hpp"
#include "shardlm/seal/agreement.hpp"
#include "shardlm/seal/kdf.hpp"

namespace shardlm::seal {
namespace {

using nlohmann::json;

Bytes bytes(const json& c, const char* name) { return unhex(c.at(name)); }
Key key(const json& c, const char* name) { return Key(unhex_array<32>(c.at(name))); }

// Each library that AES-GCM may come from.
class SealGcm : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
#if defined(SHARDLM_IPSEC_MB) && defined(__x86_64__)
    ASSERT_TRUE(gcm(Key{}) || !__builtin_cpu_supports("aes")) << "the build has it, and it does not work";
#endif
    if (!gcm(Key{})) GTEST_SKIP() << "this build or machine is without it";
  }
  static std::unique_ptr<Gcm> gcm(const Key& key) { return GetParam() == "CryptoPP" ? cryptopp_gcm(key) : ipsec_mb_gcm(key); }
  static Aead aead(const Key& key) { return Aead(gcm(key)); }
};
INSTANTIATE_TEST_SUITE_P(Of, SealGcm, testing::Values("CryptoPP", "IpsecMb"), [](const auto& library) { return library.param; });

TEST_P(SealGcm, GivesWycheproofsAnswers) {
  std::size_t refused = 0;
  const std::size_t cases = wycheproof("aes_gcm.json", [&](const json& c) {
    const Bytes associated = bytes(c, "aad"), message = bytes(c, "msg"), sealed = bytes(c, "ct"), tag = bytes(c, "tag");
    const Nonce nonce = unhex_array<12>(c.at("iv"));
    ASSERT_EQ(tag.size(), kTag);
    Aead aead = SealGcm::aead(key(c, "key"));
    Bytes data = sealed;
    const bool valid = c.at("result") == "valid";
    ASSERT_EQ(aead.open(nonce, associated, data.data(), data.size(), tag.data()), valid);
    if (!valid) {
      EXPECT_TRUE(zero(data.data(), data.size()));
      ++refused;
      return;
    }
    EXPECT_EQ(data, message);
    Bytes made(kTag);
    aead.seal(nonce, associated, data.data(), data.size(), made.data());
    EXPECT_EQ(data, sealed);
    EXPECT_EQ(made, tag);
  });
  EXPECT_EQ(cases, 66u);
  EXPECT_EQ(refused, 27u);
}

TEST_P(SealGcm, OneObjectServesManyMessages) {
  Aead aead = SealGcm::aead(Key(unhex_array<32>("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")));
  Aead other = SealGcm::aead(Key{});
  for (std::size_t n : {0, 1, 15, 16, 17, 1000, 70000}) {
    const Bytes plain(n, 7), associated(n % 50, 3);
    Bytes data = plain, tag(kTag);
    const Nonce nonce{static_cast<std::uint8_t>(n)};
    aead.seal(nonce, associated, data.data(), n, tag.data());
    Bytes copy = data;
    EXPECT_TRUE(aead.open(nonce, associated, copy.data(), n, tag.data()));
    EXPECT_EQ(copy, plain);
    copy = data;
    EXPECT_FALSE(other.open(nonce, associated, copy.data(), n, tag.data()));
    EXPECT_TRUE(zero(copy.data(), n));
    copy = data;
    EXPECT_FALSE(aead.open(Nonce{1, 2}, associated, copy.data(), n, tag.data()));
    EXPECT_TRUE(aead.open(nonce, associated, data.data(), n, tag.data())) << "a failure does not disturb the next message";
  }
}

TEST(SealGcmLibraries, SealTheSameBytesAtEveryLength) {
  const Key key(unhex_array<32>("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  if (!ipsec_mb_gcm(key)) GTEST_SKIP() << "this build or machine has one of them alone";
  Aead one(cryptopp_gcm(key)), other(ipsec_mb_gcm(key)), fastest(key);
  Bytes text((std::size_t{1} << 20) + 5);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::uint8_t>(i * i >> 3);
  std::vector<std::size_t> lengths{4095, 4096, 4097, std::size_t{256} << 10, std::size_t{1} << 20, text.size()};  // 256 counter blocks, a message's chunk, a file's
  for (std::size_t n = 0; n <= 3000; n += n < 300 ? 1 : 97) lengths.push_back(n);
  for (const std::size_t n : lengths) {
    const Nonce nonce{static_cast<std::uint8_t>(n), static_cast<std::uint8_t>(n >> 8)};
    const Bytes associated(text.begin(), text.begin() + std::ptrdiff_t(n % 70));
    Bytes a(text.begin(), text.begin() + std::ptrdiff_t(n)), b = a, c = a, tag_a(kTag), tag_b(kTag), tag_c(kTag);
    one.seal(nonce, associated, a.data(), n, tag_a.data());
    other.seal(nonce, associated, b.data(), n, tag_b.data());
    fastest.seal(nonce, associated, c.data(), n, tag_c.data());
    ASSERT_EQ(a, b) << n;
    ASSERT_EQ(tag_a, tag_b) << n;
    ASSERT_EQ(a, c) << n;
    ASSERT_EQ(tag_a, tag_c) << n;
    ASSERT_TRUE(one.open(nonce, associated, b.data(), n, tag_b.data())) << n;
    ASSERT_TRUE(other.open(nonce, associated, a.data(), n, tag_a.data())) << n;
    ASSERT_EQ(a, b) << n;
  }
}

TEST(SealKnownAnswers, WycheproofX25519) {
  std::size_t refused = 0;
  const std::size_t cases = wycheproof("x25519.json", [&](const json& c) {
    const std::string shared = c.at("shared");
    const auto agree = [&] { return x25519(key(c, "private"), unhex_array<32>(c.at("public"))); };
    if (shared == std::string(64, '0')) {
      EXPECT_TRUE(says(refusal(agree), "low order"));
      ++refused;
    } else {
      EXPECT_EQ(to_hex(agree()), shared);
    }
  });
  EXPECT_EQ(cases, 518u);
  EXPECT_EQ(refused, 31u);
}

TEST(SealKnownAnswers, WycheproofHkdf) {
  std::size_t refused = 0;
  const std::size_t cases = wycheproof("hkdf_sha256.json", [&](const json& c) {
    Bytes out(c.at("size").get<std::size_t>());
    const auto derive = [&] { hkdf(bytes(c, "salt"), bytes(c, "ikm"), bytes(c, "info"), out.data(), out.size()); };
    if (c.at("result") == "valid") {
      derive();
      EXPECT_EQ(out, bytes(c, "okm"));
    } else {
      EXPECT_TRUE(says(refusal(derive), "8160 bytes"));
      ++refused;
    }
  });
  EXPECT_EQ(cases, 86u);
  EXPECT_EQ(refused, 3u);
}

TEST(SealKnownAnswers, Rfc7748) {
  const json file = vectors("seal_rfc.json");
  ASSERT_EQ(file.at("x25519").size(), 6u);
  for (const json& c : file.at("x25519")) EXPECT_EQ(to_hex(x25519(key(c, "scalar"), unhex_array<32>(c.at("point")))), c.at("result"));
  Key k;
  k.bytes[0] = 9;
  PublicKey u = k.bytes;
  for (int i = 1; i <= 1000; ++i) {
    const Key next = x25519(k, u);
    u = k.bytes;
    k = next;
    EXPECT_TRUE(i > 1 || to_hex(k) == file.at("x25519_iterated").at("1"));
  }
  EXPECT_EQ(to_hex(k), file.at("x25519_iterated").at("1000"));
}

TEST(SealKnownAnswers, Rfc5869) {
  const json file = vectors("seal_rfc.json");
  ASSERT_EQ(file.at("hkdf").size(), 3u);
  for (const json& c : file.at("hkdf")) {
    const Key extracted = hkdf_extract(bytes(c, "salt"), bytes(c, "secret"));
    EXPECT_EQ(to_hex(extracted), c.at("extracted"));
    Bytes out(c.at("out").get<std::string>().size() / 2);
    hkdf_expand(extracted, bytes(c, "info"), out.data(), out.size());
    EXPECT_EQ(to_hex(out), c.at("out"));
    const Key first = hkdf_expand(extracted, bytes(c, "info"));
    EXPECT_EQ(to_hex(first), c.at("out").get<std::string>().substr(0, 64));
  }
}

TEST(SealKnownAnswers, Rfc8032) {
  const json file = vectors("seal_rfc.json");
  ASSERT_EQ(file.at("ed25519").size(), 5u);
  for (const json& c : file.at("ed25519")) {
    const Identity identity(key(c, "seed"));
    EXPECT_EQ(to_hex(identity.public_key()), c.at("public"));
    const Bytes message = bytes(c, "message");
    const Signature signature = identity.sign(message);
    EXPECT_EQ(to_hex(signature), c.at("signature"));
    EXPECT_TRUE(verify(identity.public_key(), message, signature));
  }
}

TEST(SealKnownAnswers, Rfc7914) {
  const json file = vectors("seal_rfc.json");
  ASSERT_EQ(file.at("scrypt").size(), 4u);
  for (const json& c : file.at("scrypt")) {
    const ScryptCost cost{c.at("log2_n"), c.at("r"), c.at("p")};
    Bytes out(64);
    scrypt(c.at("passphrase").get<std::string>(), c.at("salt").get<std::string>(), cost, out.data(), out.size());
    EXPECT_EQ(to_hex(out), c.at("out"));
  }
}

TEST(SealKnownAnswers, ScryptCosts) {
  for (const ScryptCost& cost : {ScryptCost{}, ScryptCost{20, 8, 1}, ScryptCost{14, 8, 1}, ScryptCost{14, 1, 512}})
    EXPECT_EQ(refusal([&] { check_stored(cost); }), "") << cost.log2_n;
  const ScryptCost dear[] = {
      {13, 8, 1}, {21, 8, 1}, {20, 16, 1},   {17, 8, 9}, {20, 8, 2}, {64, 8, 1}, {17, 0, 1}, {17, 8, 0}, {14, 1u << 31, 1u << 31},
      {32, 1, 1}, {0, 8, 1},  {17, ~0u, ~0u}};
  for (const ScryptCost& cost : dear) EXPECT_TRUE(says(refusal([&] { check_stored(cost); }), "not a cost")) << cost.log2_n << " " << cost.r;
  const ScryptCost impossible[] = {{0, 8, 1}, {33, 8, 1}, {17, 0, 1}, {17, 8, 0}, {16, 1, 1}, {4, 1u << 15, 1u << 15}};
  for (const ScryptCost& cost : impossible)
    EXPECT_TRUE(says(refusal([&] { scrypt("word", "salt", cost); }), "there is no scrypt")) << cost.log2_n;
}

TEST(SealKnownAnswers, RandomBytesAndComparison) {
  EXPECT_NE(random_key().bytes, random_key().bytes);
  EXPECT_TRUE(equal("same", "same"));
  EXPECT_FALSE(equal("same", "sane"));
  EXPECT_FALSE(equal("same", "sam"));
  EXPECT_TRUE(equal(View(), View()));
  EXPECT_EQ(to_hex("\x01\xfe"), "01fe");
  Bytes out(2);
  for (const char* text : {"01f", "01fe0", "01Fe", "01g0", "", "0 fe"})
    EXPECT_FALSE(from_hex(text, View(text).size, out.data(), out.size())) << text;
}

}  // namespace
}  // namespace shardlm::seal
