// Tables and their rows as two servers read them, for tests.
#pragma once

#include "../../src/crypto/dpf_rows_keys.hpp"
#include "crypto_batches.hpp"

#include <cmath>
#include <cstring>

namespace shardlm::crypto {

using Rows = std::vector<std::uint32_t>;
constexpr RowFormat kFormats[] = {RowFormat::bf16, RowFormat::f16, RowFormat::f32};
inline const char* name(RowFormat format) { return format == RowFormat::bf16 ? "BF16" : format == RowFormat::f16 ? "F16" : "F32"; }

inline std::uint32_t float_bits(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

// What the stored bits of a number stand for, by the formats' definitions.
inline double value(RowFormat format, std::uint32_t bits) {
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
inline Numbers numbers(RowFormat format, std::size_t rows, std::size_t columns, int scale) {
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
inline Numbers identity(int m) {
  const std::size_t n = std::size_t{1} << m;
  Numbers out{RowFormat::f32, n, n, std::vector<std::uint32_t>(n * n, 0), {}};
  for (std::size_t i = 0; i < n; ++i) out.bits[i * n + i] = float_bits(1.0f);
  out.store();
  return out;
}

inline std::vector<Word> share(const RowTable& table, int party, int m, const std::vector<std::uint8_t>& message, std::size_t tokens, int scale) {
  return to_host(weighted_rows(table, party, m, message.data(), message.size(), tokens, scale));
}

inline std::vector<Word> sum(std::vector<Word> a, const std::vector<Word>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

// What a client would get if both servers sent it their shares.
inline std::vector<Word> read_rows(const RowTable& table, int m, const Rows& rows, int scale) {
  const RowKeys keys = make_row_keys(m, rows);
  return sum(share(table, 0, m, keys.server[0], rows.size(), scale), share(table, 1, m, keys.server[1], rows.size(), scale));
}

inline void expect_rows(const Numbers& numbers, int m, const Rows& rows, int scale) {
  std::vector<Word> want;
  for (std::uint32_t r : rows) {
    const std::vector<Word> row = numbers.row(r, scale);
    want.insert(want.end(), row.begin(), row.end());
  }
  ASSERT_EQ(read_rows(numbers.table(), m, rows, scale), want)
      << name(numbers.format) << ", " << numbers.rows << " rows, " << numbers.columns << " columns, m " << m << ", " << rows.size()
      << " tokens, scale " << scale;
}

}  // namespace shardlm::crypto
