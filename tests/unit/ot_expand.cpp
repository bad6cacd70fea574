// expand_message_xmd and hash_to_scalar against published vectors and an independent library.
#include <cryptopp/integer.h>
#include <cryptopp/sha.h>

#include "ot_hex.hpp"

namespace shardlm::ot {
namespace {

using namespace test;

Bytes expand(const std::string& message, const std::string& dst, std::size_t bytes) {
  Bytes out(bytes);
  expand_message_xmd(message, dst, out.data(), bytes);
  return out;
}

std::string sha512(const std::string& text) {
  CryptoPP::SHA512 hash;
  hash.Update(reinterpret_cast<const CryptoPP::byte*>(text.data()), text.size());
  std::string digest(CryptoPP::SHA512::DIGESTSIZE, '\0');
  hash.Final(reinterpret_cast<CryptoPP::byte*>(&digest[0]));
  return digest;
}

TEST(ExpandMessageXmd, Rfc9380AppendixK3) {
  const auto file = read_json(std::string(SHARDLM_VECTORS) + "/rfc9380_expand_message_xmd_sha512.json");
  ASSERT_EQ(file["tests"].size(), 10u);
  for (const auto& test : file["tests"]) {
    const Bytes want = from_hex(test["uniform_bytes"]);
    ASSERT_EQ(want.size(), std::stoul(test["len_in_bytes"].get<std::string>(), nullptr, 16));
    EXPECT_EQ(expand(test["msg"], file["DST"], want.size()), want) << test["msg"];
  }
}

TEST(ExpandMessageXmd, ATagOfMoreThan255BytesIsHashed) {
  for (const std::size_t length : {256, 257, 1000}) {
    const std::string tag(length, 't');
    EXPECT_EQ(expand("abc", tag, 100), expand("abc", sha512("H2C-OVERSIZE-DST-" + tag), 100)) << length;
  }
}

TEST(ExpandMessageXmd, ATagOf255BytesIsTakenAsItIs) {
  const std::string tag(255, 't');
  const std::string b0 = sha512(std::string(128, '\0') + "abc" + std::string("\0\x40\0", 3) + tag + "\xff");
  const std::string b1 = sha512(b0 + "\x01" + tag + "\xff");
  EXPECT_EQ(expand("abc", tag, 64), Bytes(b1.begin(), b1.end()));
}

TEST(ExpandMessageXmd, AShorterAnswerIsNotThePartOfALongerOne) {  // the length is hashed, too
  Bytes longer = expand("abc", "tag", 40);
  longer.resize(32);
  EXPECT_NE(expand("abc", "tag", 32), longer);
}

TEST(ExpandMessageXmd, MakesUpTo255Blocks) {
  EXPECT_EQ(expand("abc", "tag", 255 * 64).size(), 16320u);
  EXPECT_TRUE(says(refusal([] { expand("abc", "tag", 255 * 64 + 1); }), "16320 bytes at most, not 16321"));
}

TEST(ExpandMessageXmd, WantsATag) { EXPECT_TRUE(says(refusal([] { expand("abc", "", 32); }), "tag of expand_message_xmd is empty")); }

TEST(HashToScalar, IsTheExpandedMessageModuloTheOrder) {
  const CryptoPP::Integer order("7237005577332262213973186563042994240857116359379907606001950938285454250989.");  // RFC 9496, section 4
  for (int i = 0; i < 100; ++i) {
    const std::string message = std::to_string(i);
    const Bytes uniform = expand(message, "tag", 64);
    const CryptoPP::Integer wide(uniform.data(), uniform.size(), CryptoPP::Integer::UNSIGNED, CryptoPP::LITTLE_ENDIAN_ORDER);
    const Scalar got = hash_to_scalar(message, std::string("tag"));
    EXPECT_EQ(CryptoPP::Integer(got.bytes.data(), 32, CryptoPP::Integer::UNSIGNED, CryptoPP::LITTLE_ENDIAN_ORDER), wide % order);
  }
}

}  // namespace
}  // namespace shardlm::ot
