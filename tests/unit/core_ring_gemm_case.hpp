// A matrix and words for the ring_gemm tests, and the product by definition.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shardlm/core/ring_gemm.hpp"

namespace shardlm::test {

// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA'14, figure 16).
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

 private:
  std::uint64_t state_;
};

using Fill = std::function<std::int16_t(SplitMix&, std::size_t plane, std::size_t row, std::size_t column)>;

// int16 planes, not integers: every pair of planes is allowed, -32768 too.
struct Matrix {
  std::size_t rows, columns;
  int planes;
  std::vector<std::int16_t> weights;  // [planes][rows][columns]
  std::vector<std::int16_t> panels;   // the same, as PackedRows has it
  std::vector<std::int8_t> exponents;

  Matrix(std::size_t rows_, std::size_t columns_, int planes_, const Fill& fill)
      : rows(rows_), columns(columns_), planes(planes_), panels(planes_ * plane_words(rows_, columns_)), exponents(rows_) {
    SplitMix random(rows * 1000003 + columns);
    for (int p = 0; p < planes; p++)
      for (std::size_t r = 0; r < rows; r++)
        for (std::size_t k = 0; k < columns; k++) {
          weights.push_back(fill(random, p, r, k));
          panels[p * plane_words(rows, columns) + ((r / 32 * padded_columns(columns) / 2 + k / 2) * 32 + r % 32) * 2 + k % 2] =
              weights.back();
        }
  }

  PackedRows packed() const { return {rows, columns, planes, panels.data(), exponents.data()}; }
};

// All words near the ends of the ring and of the limbs, then random ones.
inline std::vector<Word> extreme_words(std::size_t n) {
  const Word ends[] = {0,
                       1,
                       ~Word{0},
                       Word{1} << 63,
                       (Word{1} << 63) - 1,
                       0x8000800080008000,
                       0x7fff7fff7fff7fff,
                       0x7fff800080008000,
                       0x00000000ffffffff,
                       0xffffffff00000000,
                       0x8000000080000000,
                       0x0010040080000400,
                       0xffefbff7fffffbff};
  SplitMix random(n);
  std::vector<Word> x(n);
  for (std::size_t i = 0; i < n; i++) {
    const Word r = random();
    x[i] = r % 3 ? random() : ends[r / 3 % (sizeof(ends) / sizeof(*ends))];
  }
  return x;
}

// y = (x W^T) << exponent, term by term.
inline std::vector<Word> product(const Matrix& w, const std::vector<Word>& x, std::size_t tokens) {
  std::vector<Word> y(tokens * w.rows);
  for (std::size_t t = 0; t < tokens; t++)
    for (std::size_t r = 0; r < w.rows; r++) {
      Word sum = 0;
      for (int p = 0; p < w.planes; p++) {
        const std::int16_t* row = &w.weights[(p * w.rows + r) * w.columns];
        Word plane = 0;
        for (std::size_t k = 0; k < w.columns; k++) plane += x[t * w.columns + k] * static_cast<Word>(static_cast<std::int64_t>(row[k]));
        sum += plane << (16 * p);
      }
      y[t * w.rows + r] = sum << w.exponents[r];
    }
  return y;
}

// The first word that differs, in words; empty where none does.
inline std::string difference(const std::vector<Word>& expected, const std::vector<Word>& got, std::size_t rows) {
  if (expected.size() != got.size()) return "sizes differ";
  for (std::size_t i = 0; i < got.size(); i++)
    if (expected[i] != got[i])
      return "token " + std::to_string(i / rows) + ", row " + std::to_string(i % rows) + ": " + std::to_string(got[i]) + " instead of " +
             std::to_string(expected[i]);
  return "";
}

inline std::int16_t any_weight(SplitMix& random, std::size_t, std::size_t, std::size_t) { return static_cast<std::int16_t>(random()); }

// Like a trained layer at scale 15: mostly below 1000, an outlier a row.
inline std::int16_t trained_weight(SplitMix& random, std::size_t, std::size_t row, std::size_t column) {
  if (column == row * 7 % 64) return 20000;
  std::int64_t sum = 0;
  for (int i = 0; i < 4; i++) sum += static_cast<std::int64_t>(random() % 1000) - 500;
  return static_cast<std::int16_t>(sum);
}

}  // namespace shardlm::test
