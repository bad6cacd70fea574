// Rows of a public table from two servers: what keys are, what they expand to, and that shares of a row sum to the row, bit for bit.
#include "../../src/crypto/dpf_rows_keys.hpp"
#include "crypto_batches.hpp"

#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <set>

namespace shardlm::crypto {
namespace {

using Rows = std::vector<std::uint32_t>;
constexpr RowFormat kFormats[] = {RowFormat::bf16, RowFormat::f16, RowFormat::f32};
const char* name(RowFormat format) { return format == RowFormat::bf16 ? "BF16" : format == RowFormat::f16 ? "F16" : "F32"; }

std::uint32_t float_bits(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

// What the stored bits of a number stand for, by the formats' definitions.
double value(RowFormat format, std::uint32_t bits) {
  const int fraction_bits = format == RowFormat::bf16 ? 7 : format == RowFormat::f16 ? 10 : 23, exponent_bits = format == RowFormat::f16 ? 5 : 8;
  const std::uint32_t fraction = bits & ((1u << fraction_bits) - 1), exponent = bits >> fraction_bits & ((1u << exponent_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double size = exponent == 0 ? std::ldexp(fraction, 1 - bias - fraction_bits)
                                    : std::ldexp(fraction + (1u << fraction_bits), int(exponent) - bias - fraction_bits);
  return bits >> (fraction_bits + exponent_bits) & 1 ? -size : size;
}

// A table in memory, with each number's bits.
struct Numbers {
  RowFormat format;
  std::size_t rows, columns;
  std::vector<std::uint32_t> bits;
  std::vector<std::uint8_t> bytes;

  RowTable table() const { return RowTable(format, bytes.data(), rows, columns); }
  std::vector<Word> row(std::size_t r, int scale) const {
    std::vector<Word> words(columns, 0);
    for (std::size_t c = 0; c < columns && r < rows; ++c) words[c] = encode(value(format, bits[r * columns + c]), scale);
    return words;
  }
  void store() {
    bytes.resize(bits.size() * bytes_of(format));
    for (std::size_t i = 0; i < bits.size(); ++i) std::memcpy(bytes.data() + i * bytes_of(format), &bits[i], bytes_of(format));
  }
};

// Any numbers below 2^(63 - scale) in size: of all exponents, with zeros and subnormals, and where the format has them, ties.
Numbers numbers(RowFormat format, std::size_t rows, std::size_t columns, int scale) {
  Numbers out{format, rows, columns, {}, {}};
  const double most = std::ldexp(1.0, 63 - scale);
  const std::uint32_t sign = format == RowFormat::f32 ? 0x80000000u : 0x8000u, all = 2 * sign - 1;
  for (const Word word : random_words(std::uint32_t(rows + columns), rows * columns)) {
    std::uint32_t bits = static_cast<std::uint32_t>(word) & all;
    const std::uint32_t kind = word >> 32 & 15;
    if (kind == 0) bits &= sign | 0x1F;           // zeros, subnormals
    if (kind == 1 && format != RowFormat::f16) {  // an odd multiple of half a unit
      const double tie = std::ldexp(double((word >> 40 & 63) * 2 + 1), -scale - 1);
      bits = float_bits(static_cast<float>(bits & sign ? -tie : tie)) >> (format == RowFormat::f32 ? 0 : 16);
    }
    const std::uint32_t special = format == RowFormat::f16 ? 0x7C00u : format == RowFormat::bf16 ? 0x7F80u : 0x7F800000u;
    if ((bits & special) == special || std::abs(value(format, bits)) >= most) bits &= sign | (special >> 1);
    out.bits.push_back(bits);
  }
  out.store();
  return out;
}

// Row i is 1 at i and 0 elsewhere: weighted rows at scale 0 are then the words that a key expands to.
Numbers identity(int m) {
  const std::size_t n = std::size_t{1} << m;
  Numbers out{RowFormat::f32, n, n, std::vector<std::uint32_t>(n * n, 0), {}};
  for (std::size_t i = 0; i < n; ++i) out.bits[i * n + i] = float_bits(1.0f);
  out.store();
  return out;
}

std::vector<Word> share(const RowTable& table, int party, int m, const std::vector<std::uint8_t>& message, std::size_t tokens, int scale) {
  return to_host(weighted_rows(table, party, m, message.data(), message.size(), tokens, scale));
}

std::vector<Word> sum(std::vector<Word> a, const std::vector<Word>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

// What a client would get if both servers sent it their shares.
std::vector<Word> read_rows(const RowTable& table, int m, const Rows& rows, int scale) {
  const RowKeys keys = make_row_keys(m, rows);
  return sum(share(table, 0, m, keys.server[0], rows.size(), scale), share(table, 1, m, keys.server[1], rows.size(), scale));
}

void expect_rows(const Numbers& numbers, int m, const Rows& rows, int scale) {
  std::vector<Word> want;
  for (std::uint32_t r : rows) {
    const std::vector<Word> row = numbers.row(r, scale);
    want.insert(want.end(), row.begin(), row.end());
  }
  ASSERT_EQ(read_rows(numbers.table(), m, rows, scale), want)
      << name(numbers.format) << ", " << numbers.rows << " rows, " << numbers.columns << " columns, m " << m << ", " << rows.size()
      << " tokens, scale " << scale;
}

TEST(DpfRows, ExpansionsSumToOneAtTheRowAndToZeroElsewhere) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (int m : {3, 4, 5, 7}) {
      SCOPED_TRACE(std::string(crypto::name(form)) + ", m = " + std::to_string(m));
      const Numbers one = identity(m);
      Rows every(one.rows);
      std::iota(every.begin(), every.end(), 0);
      expect_rows(one, m, every, 0);
    }
  }
}

TEST(DpfRows, SharesSumToTheEncodedRowInEveryFormat) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (RowFormat format : kFormats)
      for (int scale : {30, 0, 17, 62}) {
        SCOPED_TRACE(crypto::name(form));
        const Numbers some = numbers(format, 100, 37, scale);
        Rows every(some.rows);
        std::iota(every.begin(), every.end(), 0);
        expect_rows(some, 7, every, scale);
      }
  }
}

TEST(DpfRows, TablesOfEverySizeFirstRowLastRowAndDuplicates) {
  const std::size_t shapes[][2] = {{1, 1},   {7, 16},    {8, 15},    {9, 17},   {31, 32},   {32, 16},
                                   {33, 48}, {1023, 20}, {1024, 16}, {1025, 3}, {2080, 33}, {5000, 8}};
  for (Form form : EveryForm()) {
    set_form(form);
    for (const auto& shape : shapes)
      for (RowFormat format : kFormats) {
        SCOPED_TRACE(crypto::name(form));
        const Numbers some = numbers(format, shape[0], shape[1], 30);
        const auto last = static_cast<std::uint32_t>(shape[0] - 1);
        expect_rows(some, row_bits(shape[0]), {last}, 30);
        expect_rows(some, row_bits(shape[0]) + 3, {0, last, last / 2, 0, last}, 30);
      }
  }
}

TEST(DpfRows, AnyNumberOfTokens) {
  const Numbers some = numbers(RowFormat::bf16, 1100, 24, 30);
  for (Form form : EveryForm()) {
    set_form(form);
    for (std::uint32_t tokens : {1, 2, 3, 4, 5, 9, 10, 11, 19, 32, 33, 70}) {
      SCOPED_TRACE(crypto::name(form));
      Rows rows(tokens);
      for (std::uint32_t t = 0; t < tokens; ++t) rows[t] = t * 379 % 1100;
      expect_rows(some, 11, rows, 30);
    }
  }
}

TEST(DpfRows, EveryDomainFromTheSmallestToThatOfAVocabulary) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (int m = 3; m <= 18; ++m) {
      SCOPED_TRACE(crypto::name(form));
      const std::size_t rows = std::size_t{1} << m;
      const Numbers some = numbers(RowFormat::bf16, rows - rows / 5, 2, 30);
      const auto last = static_cast<std::uint32_t>(some.rows - 1);
      expect_rows(some, m, {last / 3, last}, 30);
    }
  }
}

TEST(DpfRows, ADomainMayBeMuchLargerThanTheTable) {
  const Numbers some = numbers(RowFormat::f16, 3000, 16, 30);
  for (Form form : EveryForm()) {
    set_form(form);
    expect_rows(some, kMostRowBits, {0, 2999, 3000, (1u << 30) - 1}, 30);  // rows beyond the table are zero
  }
}

TEST(DpfRows, EveryFormGivesAServerTheSameShare) {
  const Numbers some = numbers(RowFormat::bf16, 2500, 40, 30);
  const RowKeys keys = make_row_keys(12, {17, 2499, 1024, 17, 0});
  for (int party : {0, 1}) {
    std::vector<Word> want;
    for (Form form : EveryForm()) {
      set_form(form);
      const std::vector<Word> got = share(some.table(), party, 12, keys.server[party], 5, 30);
      if (want.empty()) want = got;
      ASSERT_EQ(got, want) << crypto::name(form);
    }
  }
}

// The table ends where memory does: reading beyond it would end the program.
TEST(DpfRows, NothingBeyondTheTableIsRead) {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), room = 64 * page;
  auto* memory = static_cast<std::uint8_t*>(mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(memory + room, page, PROT_NONE), 0);
  for (Form form : EveryForm()) {
    set_form(form);
    for (RowFormat format : kFormats)
      for (std::size_t columns : {1, 16, 37})
        for (std::size_t rows : {8, 31, 32, 1030}) {
          const Numbers some = numbers(format, rows, columns, 30);
          std::uint8_t* at = memory + room - some.bytes.size();
          std::memcpy(at, some.bytes.data(), some.bytes.size());
          const auto last = static_cast<std::uint32_t>(rows - 1);
          ASSERT_EQ(read_rows(RowTable(format, at, rows, columns), 11, {last}, 30), some.row(last, 30)) << crypto::name(form) << " " << name(format);
        }
  }
  munmap(memory, room + page);
}

TEST(DpfRows, NoTokens) {
  const Numbers some = numbers(RowFormat::f32, 10, 5, 30);
  const RowKeys keys = make_row_keys(4, {});
  EXPECT_EQ(keys.server[1].size(), row_key_bytes(4, 0));
  EXPECT_EQ(weighted_rows(some.table(), 1, 4, keys.server[1].data(), keys.server[1].size(), 0, 30).shape(), (Shape{0, 5}));
}

// A pass takes 32 tokens on a CPU; kernels for any space take as many as fit.
TEST(DpfRows, BetweenPassesTheCallerHasTheFloor) {
  const Numbers some = numbers(RowFormat::bf16, 10, 5, 30);
  const RowKeys keys = make_row_keys(4, std::vector<std::uint32_t>(70, 3));
  const std::vector<std::uint8_t>& message = keys.server[1];
  int calls = 0;
  const Tensor with = weighted_rows(some.table(), 1, 4, message.data(), message.size(), 70, 30, [&calls] { ++calls; });
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 3);
  EXPECT_EQ(to_host(with), share(some.table(), 1, 4, message, 70, 30));
  const auto fails = [] { throw Error("server 0: the disk is full"); };
  EXPECT_THROW(weighted_rows(some.table(), 1, 4, message.data(), message.size(), 70, 30, fails), Error);
}

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
