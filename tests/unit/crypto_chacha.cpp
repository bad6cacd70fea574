// ChaCha against published vectors and an independent library.
#include "crypto_batches.hpp"

#include <cryptopp/algparam.h>
#include <cryptopp/argnames.h>
#include <cryptopp/chacha.h>

#include <cstring>

namespace shardlm::crypto {
namespace {

Key counting_key() {  // bytes 00 01 02 .. 1f
  Key key;
  for (std::uint32_t i = 0; i < 8; ++i) key[i] = 0x03020100 + i * 0x04040404;
  return key;
}

TEST(ChaCha, Rfc8439Section232) {
  const std::array<std::uint32_t, 16> expected = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                                                  0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
  EXPECT_EQ(chacha_block(counting_key(), 1, {0x09000000, 0x4a000000, 0}, 20), expected);
}

TEST(ChaCha, Rfc8439AppendixA1) {  // test vector 4: key 00 ff 00 .., counter 2
  const std::array<std::uint32_t, 16> expected = {0xfb4dd572, 0x4bc42ef1, 0xdf922636, 0x327f1394, 0xa78dea8f, 0x5e269039, 0xa1bebbc1, 0xcaf09aae,
                                                  0xa25ab213, 0x48a6b46c, 0x1b9d9bcb, 0x092c5be6, 0x546ca624, 0x1bec45d5, 0x87f47473, 0x96f0992e};
  EXPECT_EQ(chacha_block({0x0000ff00, 0, 0, 0, 0, 0, 0, 0}, 2, {0, 0, 0}, 20), expected);
}

// Crypto++'s ChaCha has a 64-bit counter and a 64-bit nonce: counter = words 12 and 13, nonce = words 14 and 15.
std::array<std::uint32_t, 16> other_block(const Key& key, std::uint32_t counter, const std::array<std::uint32_t, 3>& nonce, int rounds) {
  using namespace CryptoPP;
  const std::uint64_t iv = nonce[1] | std::uint64_t{nonce[2]} << 32;
  ChaCha::Encryption cipher;
  cipher.SetKey(reinterpret_cast<const byte*>(key.data()), 32,
                MakeParameters(Name::Rounds(), rounds)(Name::IV(), ConstByteArrayParameter(reinterpret_cast<const byte*>(&iv), 8)));
  cipher.Seek((counter | std::uint64_t{nonce[0]} << 32) * 64);
  std::array<std::uint32_t, 16> block{};
  cipher.ProcessString(reinterpret_cast<byte*>(block.data()), 64);
  return block;
}

TEST(ChaCha, AgreesWithAnotherLibraryAtEveryNumberOfRounds) {
  for (int rounds : {8, 12, 20})
    for (std::uint32_t trial = 0; trial < 50; ++trial) {
      const std::vector<Word> random = random_words(trial, 10);
      Key key;
      std::memcpy(key.data(), random.data(), sizeof(key));
      const auto counter = static_cast<std::uint32_t>(random[4]);
      // Crypto++ can seek to 2^58 blocks only
      const std::array<std::uint32_t, 3> nonce = {static_cast<std::uint32_t>(random[5]) >> 8, static_cast<std::uint32_t>(random[6]),
                                                  static_cast<std::uint32_t>(random[7])};
      EXPECT_EQ(chacha_block(key, counter, nonce, rounds), other_block(key, counter, nonce, rounds));
    }
}

TEST(RandomKey, IsFreshEveryTime) {  // 100 keys of 256 bits: a false alarm has probability below 2^-240
  std::vector<Key> keys;
  for (int i = 0; i < 100; ++i) keys.push_back(random_key());
  for (std::size_t i = 0; i < keys.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(keys[i], keys[j]);
  EXPECT_NE(random_salt(), random_salt());
}

}  // namespace
}  // namespace shardlm::crypto
