// Sealed rows: the receiver opens what it asked for, and nothing else opens.
#include <cryptopp/chachapoly.h>
#include <cryptopp/hkdf.h>
#include <cryptopp/hmac.h>
#include <cryptopp/sha.h>

#include "ot_hex.hpp"
#include "shardlm/ot/rows.hpp"

namespace shardlm::ot {
namespace {

using namespace test;

constexpr std::size_t kRow = 56;  // bytes

Bytes row_bytes(std::uint32_t i) {
  Bytes row(kRow);
  for (std::size_t j = 0; j < kRow; ++j) row[j] = static_cast<std::uint8_t>(i * 31 + j * 7);
  return row;
}

// A table of n rows, sealed.
struct SealedTable {
  PrivateKey key = random_key();
  TableNumber number = random_table_number();
  Bytes plain, sealed;

  explicit SealedTable(std::uint32_t n) {
    for (std::uint32_t i = 0; i < n; ++i) {
      const Bytes row = row_bytes(i);
      plain.insert(plain.end(), row.begin(), row.end());
    }
    sealed.resize(n * (kRow + kSealBytes));
    seal_rows(key, number, 0, n, plain.data(), kRow, sealed.data());
  }
  Bytes sealed_row(std::uint32_t i) const {
    const auto first = sealed.begin() + i * (kRow + kSealBytes);
    return {first, first + kRow + kSealBytes};
  }
  Output output(std::uint32_t i) const { return evaluate(key, row_input(i)); }
};

Bytes opened(const Output& output, const TableNumber& table, std::uint32_t i, const Bytes& sealed) {
  Bytes plain(sealed.size() - kSealBytes, 0xee);
  open_row(output, table, i, sealed.data(), sealed.size(), plain.data());
  return plain;
}

TEST(Rows, TheReceiverOpensTheRowsThatItAskedFor) {
  const SealedTable table(50);
  for (const std::uint32_t i : {0u, 17u, 17u, 49u}) {
    const Blinded blinded = blind(row_input(i));                             // receiver
    const Element evaluated = blind_evaluate(table.key, blinded.element);    // sender
    const Output output = finalize(row_input(i), blinded.blind, evaluated);  // receiver
    EXPECT_EQ(opened(output, table.number, i, table.sealed_row(i)), row_bytes(i));
  }
}

TEST(Rows, OneOutputOpensNoOtherRow) {
  const SealedTable table(50);
  const Output output = table.output(17);
  for (std::uint32_t i = 0; i < 50; ++i) {
    EXPECT_EQ(refusal([&] { opened(output, table.number, i, table.sealed_row(i)); }).empty(), i == 17);
    EXPECT_EQ(refusal([&] { opened(output, table.number, 17, table.sealed_row(i)); }).empty(), i == 17);
  }
}

// What does not open says so, and leaves zeros.
void expect_refused(const Output& output, const TableNumber& number, std::uint32_t i, const Bytes& sealed) {
  Bytes plain(sealed.size() - kSealBytes, 0xee);
  EXPECT_TRUE(says(refusal([&] { open_row(output, number, i, sealed.data(), sealed.size(), plain.data()); }),
                   "does not open: the key, the table or the row is another"));
  EXPECT_EQ(plain, Bytes(plain.size(), 0));
}

TEST(Rows, AnotherKeyDoesNotOpen) {
  const SealedTable table(2);
  expect_refused(evaluate(random_key(), row_input(1)), table.number, 1, table.sealed_row(1));
}

TEST(Rows, AnotherTableNumberDoesNotOpen) {
  const SealedTable table(2);
  TableNumber other = table.number;
  other[15] ^= 1;
  expect_refused(table.output(1), other, 1, table.sealed_row(1));
}

TEST(Rows, AnotherRowNumberDoesNotOpen) {
  const SealedTable table(2);
  for (const std::uint32_t other : {0u, 0x100u, 0x10001u, 0x1000001u}) expect_refused(table.output(1), table.number, other, table.sealed_row(1));
}

TEST(Rows, AChangedBitDoesNotOpen) {  // in the row or in its tag
  const SealedTable table(2);
  const Output output = table.output(1);
  for (std::size_t bit = 0; bit < 8 * (kRow + kSealBytes); ++bit) {
    Bytes sealed = table.sealed_row(1);
    sealed[bit / 8] ^= 1 << bit % 8;
    expect_refused(output, table.number, 1, sealed);
  }
}

TEST(Rows, ATruncatedOrLongerRowDoesNotOpen) {
  const SealedTable table(2);
  const Output output = table.output(1);
  for (std::size_t bytes = kSealBytes; bytes < kRow + kSealBytes; ++bytes) {
    Bytes sealed = table.sealed_row(1);
    sealed.resize(bytes);
    expect_refused(output, table.number, 1, sealed);
  }
  Bytes longer = table.sealed_row(1);
  longer.push_back(0);
  expect_refused(output, table.number, 1, longer);
}

TEST(Rows, LessThanATagIsRefused) {
  const SealedTable table(1);
  std::uint8_t plain = 7;
  for (std::size_t bytes = 0; bytes < kSealBytes; ++bytes)
    EXPECT_TRUE(says(refusal([&] { open_row(table.output(0), table.number, 0, table.sealed.data(), bytes, &plain); }),
                     "has " + std::to_string(bytes) + " bytes, fewer than its tag of 16"));
  EXPECT_EQ(plain, 7);
}

TEST(Rows, ARefusalNamesTheTableAndNotTheRow) {  // which row was wanted is the receiver's secret
  const SealedTable table(3);
  const auto sentence = [&](std::uint32_t i) { return refusal([&] { opened(table.output(0), table.number, i, table.sealed_row(i)); }); };
  EXPECT_TRUE(says(sentence(1), to_hex(table.number)));
  EXPECT_EQ(sentence(1), sentence(2));
}

// HKDF and ChaCha20-Poly1305 of another library.
TEST(Rows, AreSealedAsTheHeaderSays) {
  using namespace CryptoPP;
  const SealedTable table(4);
  const std::string number(table.number.begin(), table.number.end());
  const std::string info = "ShardLM row key" + number, data = "ShardLM row" + number + std::string("\0\0\0\3", 4);
  const Output output = table.output(3);
  HMAC<SHA512> mac(output.bytes.data(), output.bytes.size());
  mac.Update(reinterpret_cast<const byte*>(info.data()), info.size());
  mac.Update(reinterpret_cast<const byte*>("\1"), 1);
  byte okm[64];
  mac.Final(okm);
  const byte nonce[12] = {};
  ChaCha20Poly1305::Encryption cipher;
  cipher.SetKeyWithIV(okm, 32, nonce, sizeof nonce);
  Bytes want(kRow + kSealBytes);
  const Bytes plain = row_bytes(3);
  cipher.EncryptAndAuthenticate(want.data(), want.data() + kRow, kSealBytes, nonce, sizeof nonce, reinterpret_cast<const byte*>(data.data()),
                                data.size(), plain.data(), kRow);
  EXPECT_EQ(table.sealed_row(3), want);
}

TEST(Rows, ARowsInputIsItsNumberBigEndian) {
  EXPECT_EQ(to_hex(row_input(0)), "00000000");
  EXPECT_EQ(to_hex(row_input(152063)), "000251ff");
  EXPECT_EQ(to_hex(row_input(0xfedcba98)), "fedcba98");
}

TEST(Rows, ATableCanBeSealedInParts) {
  const SealedTable table(20);
  Bytes sealed(table.sealed.size());
  for (const std::uint32_t first : {13, 0}) {
    const std::size_t count = first == 0 ? 13 : 7;
    seal_rows(table.key, table.number, first, count, table.plain.data() + first * kRow, kRow, sealed.data() + first * (kRow + kSealBytes));
  }
  EXPECT_EQ(sealed, table.sealed);
}

TEST(Rows, EqualRowsLookDifferent) {
  const PrivateKey key = random_key();
  const TableNumber number = random_table_number();
  const Bytes plain(2 * kRow, 5);
  Bytes sealed(2 * (kRow + kSealBytes));
  seal_rows(key, number, 0, 2, plain.data(), kRow, sealed.data());
  EXPECT_NE(Bytes(sealed.begin(), sealed.begin() + kRow), Bytes(sealed.begin() + kRow + kSealBytes, sealed.end() - kSealBytes));
}

TEST(Rows, ASecondTableUnderTheSameKeyUsesOtherKeysForItsRows) {  // or two sealings of a row would give away where they differ
  const SealedTable table(1);
  Bytes again(kRow + kSealBytes);
  seal_rows(table.key, random_table_number(), 0, 1, table.plain.data(), kRow, again.data());
  EXPECT_NE(Bytes(again.begin(), again.begin() + kRow), Bytes(table.sealed.begin(), table.sealed.begin() + kRow));
}

TEST(Rows, RowNumbersHave32Bits) {
  const PrivateKey key = random_key();
  const TableNumber number = random_table_number();
  const Bytes plain = row_bytes(0);
  Bytes sealed(kRow + kSealBytes);
  seal_rows(key, number, 0xffffffff, 1, plain.data(), kRow, sealed.data());
  EXPECT_EQ(opened(evaluate(key, row_input(0xffffffff)), number, 0xffffffff, sealed), plain);
  const auto one_more = [&] { seal_rows(key, number, 0xffffffff, 2, plain.data(), kRow, sealed.data()); };
  EXPECT_TRUE(says(refusal(one_more), "2 rows from row 4294967295 go beyond"));
}

TEST(Rows, TableNumbersAreFresh) {  // 128 bits: two of 100 are equal with probability below 2^-114
  std::vector<TableNumber> numbers(100);
  for (TableNumber& number : numbers) number = random_table_number();
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end());
}

}  // namespace
}  // namespace shardlm::ot
