// Keys of rows of a public table: known ones, that they tell nothing, and that whatever comes in their place does no harm.
#include "crypto_row_tables.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <numeric>
#include <set>

namespace shardlm::crypto {
namespace {

// Messages and words against an independent program, make_dpf_rows.py.
struct KnownRows : testing::Test {
  nlohmann::json cases;
  void SetUp() override {
    std::ifstream in(std::string(SHARDLM_VECTORS) + "/dpf_rows.json");
    ASSERT_TRUE(in);
    const nlohmann::json file = nlohmann::json::parse(in);
    for (const auto& c : file["cases"])
      if (c["rounds"] == SHARDLM_CHACHA_ROUNDS) cases.push_back(c);
    ASSERT_FALSE(cases.empty());
  }
  static std::vector<std::uint8_t> bytes(const std::string& hex) {
    std::vector<std::uint8_t> out(hex.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
    return out;
  }
};

TEST_F(KnownRows, Messages) {
  for (const auto& c : cases) {
    Salt salt;
    std::memcpy(salt.data(), bytes(c["salt"]).data(), sizeof salt);
    std::vector<RowRoots> roots(c["rows"].size());
    for (std::size_t k = 0; k < roots.size(); ++k)
      for (int b : {0, 1}) std::memcpy(roots[k].data() + 4 * b, bytes(c["roots"][b][k]).data(), 16);
    const RowKeys keys = row_keys_from(c["m"], c["rows"].get<Rows>(), salt, roots.data());
    for (int b : {0, 1}) EXPECT_EQ(keys.server[b], bytes(c["messages"][b])) << "m " << c["m"] << " server " << b;
  }
}

TEST_F(KnownRows, Words) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (const auto& c : cases)
      for (int b : {0, 1}) {
        std::vector<Word> want;
        for (const std::string key : c["words"][b]) {
          const std::vector<std::uint8_t> raw = bytes(key);
          want.resize(want.size() + raw.size() / 8);
          std::memcpy(want.data() + want.size() - raw.size() / 8, raw.data(), raw.size());
        }
        const Numbers one = identity(c["m"]);
        EXPECT_EQ(share(one.table(), b, c["m"], bytes(c["messages"][b]), c["rows"].size(), 0), want)
            << crypto::name(form) << " m " << c["m"] << " server " << b;
      }
  }
}

// What one server sees must look random whatever the row is. Each count of n fair bits stays within 6 standard deviations but for 2e-9 of runs:
// 11,000 counts raise a false alarm in one of 45,000 runs.
TEST(DpfRows, EveryBitOfAKeyIsFairForEveryRowButThePadding) {
  constexpr std::size_t kKeys = 4000;
  constexpr int m = 18;
  const std::size_t bits = 8 * one_row_key_bytes(m), controls = 8 * (16 + 16 * std::size_t(row_depth(m)));
  for (std::uint32_t row : {0u, 151935u}) {
    const RowKeys keys = make_row_keys(m, Rows(kKeys, row));
    for (int b : {0, 1}) {
      std::vector<double> ones(bits, 0);
      for (std::size_t k = 0; k < kKeys; ++k) {
        const std::uint8_t* key = keys.server[b].data() + row_key_bytes(m, k);
        for (std::size_t i = 0; i < bits; ++i) ones[i] += key[i / 8] >> (i % 8) & 1;
      }
      for (std::size_t i = 0; i < bits; ++i) {
        const bool padding = i >= controls + 2 * std::size_t(row_depth(m)) && i < controls + 8 * row_control_bytes(m);
        if (padding)
          EXPECT_EQ(ones[i], 0) << "padding bit " << i;
        else
          EXPECT_LT(std::abs(ones[i] - kKeys / 2.0), 6 * std::sqrt(kKeys) / 2) << "row " << row << " server " << b << " bit " << i;
      }
    }
  }
}

// The words that a server computes with say nothing either, not even at the row. The same bound: 256 counts, one of two million runs.
TEST(DpfRows, OneServersWordAtTheRowIsFair) {
  constexpr std::size_t kKeys = 4000;
  Numbers column{RowFormat::f32, 16, 1, std::vector<std::uint32_t>(16, 0), {}};
  column.bits[11] = float_bits(1.0f);
  column.store();
  for (std::uint32_t row : {11u, 3u})
    for (int b : {0, 1}) {
      const RowKeys keys = make_row_keys(4, Rows(kKeys, row));
      const std::vector<Word> words = share(column.table(), b, 4, keys.server[b], kKeys, 0);
      for (int bit = 0; bit < 64; ++bit) {
        double ones = 0;
        for (Word word : words) ones += word >> bit & 1;
        EXPECT_LT(std::abs(ones - kKeys / 2.0), 6 * std::sqrt(kKeys) / 2) << "row " << row << " server " << b << " bit " << bit;
      }
    }
}

// A row read twice, in one batch or in two, gives keys and shares that have nothing in common.
TEST(DpfRows, KeysOfTheSameRowAreUnrelated) {
  const RowKeys a = make_row_keys(9, {77, 77}), b = make_row_keys(9, {77, 77});
  EXPECT_NE(std::memcmp(a.server[0].data(), b.server[0].data(), sizeof(Salt)), 0) << "the salt";
  EXPECT_EQ(std::memcmp(a.server[0].data(), a.server[1].data(), sizeof(Salt)), 0);
  std::set<Word> seen;  // of whole words without the control bits: a coincidence has a chance of 2e-16
  std::size_t words = 0;
  for (const RowKeys* keys : {&a, &b})
    for (std::size_t k : {0, 1}) {
      const std::uint8_t* key = keys->server[0].data() + row_key_bytes(9, k);
      for (std::size_t at = 0; at < one_row_key_bytes(9); at += at == 16 + 6 * 16 - 8 ? 8 + row_control_bytes(9) : 8, ++words) {
        Word word;
        std::memcpy(&word, key + at, 8);
        seen.insert(word);
      }
    }
  EXPECT_EQ(seen.size(), words);
  EXPECT_EQ(words, 4u * (2 + 12 + 8));
}

// The same roots under another salt, or at another place in the batch, expand to other words.
TEST(DpfRows, SaltAndSerialSeparateBlocks) {
  const RowRoots root = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<RowRoots> roots(2, root);
  const RowKeys one = row_keys_from(6, {5, 5}, {1, 2, 3, 4}, roots.data()), other = row_keys_from(6, {5, 5}, {1, 2, 3, 5}, roots.data());
  const Numbers identity6 = identity(6);
  const std::vector<Word> a = share(identity6.table(), 0, 6, one.server[0], 2, 0), b = share(identity6.table(), 0, 6, other.server[0], 2, 0);
  std::set<Word> seen(a.begin(), a.end());
  seen.insert(b.begin(), b.end());
  EXPECT_EQ(seen.size(), 4u * 64);  // a coincidence has a chance of 2e-15
}

TEST(DpfRows, WhateverAMessageHoldsItIsReadAsKeys) {
  const Numbers some = numbers(RowFormat::bf16, 1500, 20, 30);
  for (Form form : EveryForm()) {
    set_form(form);
    for (int m : {11, 18, 30})
      for (int kind = 0; kind < 3; ++kind) {
        std::vector<std::uint8_t> message(row_key_bytes(m, 3), kind == 0 ? 0 : 0xFF);
        if (kind == 2) std::memcpy(message.data(), random_words(m, message.size() / 8).data(), message.size() / 8 * 8);
        for (int party : {0, 1}) EXPECT_EQ(share(some.table(), party, m, message, 3, 30).size(), 60u);
      }
  }
}

TEST(DpfRows, SaysWhatDoesNotFit) {
  EXPECT_THROW(make_row_keys(2, {0}), Error);
  EXPECT_THROW(make_row_keys(31, {0}), Error);
  EXPECT_THROW(make_row_keys(5, {3, 32}), Error);
  EXPECT_NO_THROW(make_row_keys(5, {31}));
  const Numbers some = numbers(RowFormat::bf16, 33, 4, 30);
  const RowTable table = some.table();
  const std::vector<std::uint8_t> message(row_key_bytes(6, 2), 1);
  const auto ask = [&](int party, int m, std::size_t bytes, std::size_t tokens, int scale) {
    weighted_rows(table, party, m, message.data(), bytes, tokens, scale);
  };
  EXPECT_NO_THROW(ask(1, 6, message.size(), 2, 30));
  EXPECT_THROW(ask(2, 6, message.size(), 2, 30), Error) << "another server";
  EXPECT_THROW(ask(1, 5, row_key_bytes(5, 1), 1, 30), Error) << "32 rows of 33";
  EXPECT_THROW(ask(1, 2, message.size(), 2, 30), Error);
  EXPECT_THROW(ask(1, 31, message.size(), 2, 30), Error);
  EXPECT_THROW(ask(1, 7, message.size(), 2, 30), Error) << "keys of another domain";
  for (std::size_t bytes : {std::size_t{0}, std::size_t{15}, std::size_t{16}, message.size() - 1, row_key_bytes(6, 1)})
    EXPECT_THROW(ask(1, 6, bytes, 2, 30), Error) << bytes << " bytes";
  for (std::size_t tokens : {std::size_t{0}, std::size_t{1}, std::size_t{3}, ~std::size_t{0}, (~std::size_t{0} - 16) / one_row_key_bytes(6)})
    EXPECT_THROW(ask(1, 6, message.size(), tokens, 30), Error) << tokens << " tokens";
  for (int scale : {-1, 63}) EXPECT_THROW(ask(1, 6, message.size(), 2, scale), Error);
  EXPECT_THROW(RowTable(RowFormat::f32, some.bytes.data() + 2, 3, 3), Error) << "not at a multiple of 4";
  EXPECT_THROW(RowTable(RowFormat::f32, nullptr, 3, 3), Error);
  EXPECT_THROW(RowTable(RowFormat::f32, some.bytes.data(), 0, 3), Error);
}

TEST(DpfRows, AMessageTakesTheBytesThatTheHeaderSays) {
  EXPECT_EQ(row_key_bytes(18, 1), 16u + 16 + 15 * 16 + 4 + 64);
  EXPECT_EQ(row_key_bytes(3, 2), 16u + 2 * (16 + 64));
  EXPECT_EQ(make_row_keys(18, {1, 2, 3}).server[0].size(), row_key_bytes(18, 3));
  EXPECT_EQ(row_bits(1), 3);
  EXPECT_EQ(row_bits(8), 3);
  EXPECT_EQ(row_bits(9), 4);
  EXPECT_EQ(row_bits(151936), 18);
  EXPECT_EQ(row_bits(1 << 18), 18);
}

}  // namespace
}  // namespace shardlm::crypto
