// The three look-ups: both servers' results add up to the sign times the table's cell, for every cell.
#include "crypto_batches.hpp"

namespace shardlm::crypto {
namespace {

// A line table that uses all it may: large deviations, an offset, a slope with high bits.
std::vector<Word> wild_column(int m, int column) {
  const std::vector<Word> noise = random_words(m + 10 * column, 512);
  std::vector<Word> cells(std::size_t{1} << m, 0);
  const Word slope = column == 0 ? (Word{1} << 40) + 12345 : 3, offset = column == 0 ? 0 - Word{98765432109} : 70;
  const std::int64_t half = std::int64_t{1} << (m - 1);
  for (std::int64_t cell = -256; cell < half; ++cell) {
    const int bits = column == 0 ? 22 : 8;
    const Word deviation = cell < 256 ? static_cast<Word>(as_signed(low(noise[cell + 256], bits), bits)) : 0;
    cells[cell & (2 * half - 1)] = deviation + (cell < 0 ? 0 : offset + slope * static_cast<Word>(cell));
  }
  return cells;
}

void expect_column(const Dealt& dealt, const std::vector<Word>& z, const std::vector<Word>& cells, const Array<Word>& share0, const Array<Word>& share1,
                   const char* what) {
  const auto a = to_vector(share0), b = to_vector(share1);
  for (std::size_t i = 0; i < z.size(); ++i)
    ASSERT_EQ(a[i] + b[i], dealt.signs[i] * cells[(z[i] - dealt.alpha[i]) & (cells.size() - 1)]) << what << " z " << z[i] << " alpha " << dealt.alpha[i];
}

void check_line(int m, const std::vector<Word>& alpha, const std::vector<Word>& z) {
  const std::vector<Word> columns[2] = {wild_column(m, 0), wild_column(m, 1)};
  const LineTable table(m, columns[0], columns[1]);
  const Dealt dealt = deal(m, alpha);
  const TwoColumns out0 = look_up(table, dealt.keys[0], to_array(z)), out1 = look_up(table, dealt.keys[1], to_array(z));
  expect_column(dealt, z, columns[0], out0.a, out1.a, "column 0");
  expect_column(dealt, z, columns[1], out0.b, out1.b, "column 1");
}

TEST(LineLookUp, EveryAlphaAtEveryPositionOfTheSmallestDomain) {
  const std::size_t size = 1024;
  std::vector<Word> alpha(size * size), z(size * size);
  for (std::size_t i = 0; i < z.size(); ++i) alpha[i] = i / size, z[i] = i % size;
  check_line(10, alpha, z);
}

TEST(LineLookUp, EveryCellOfLargerDomains) {
  for (int m = 11; m <= 16; ++m) {
    const std::size_t size = std::size_t{1} << m;
    const std::vector<Word> z = random_words(m, size);  // not cut: z is taken mod 2^m
    std::vector<Word> alpha(size);
    for (std::size_t i = 0; i < size; ++i) alpha[i] = low(z[i] - i, m);
    check_line(m, alpha, z);
  }
}

TEST(LineLookUp, EveryPositionAtTheWindowsEdges) {
  const int m = 12;
  for (std::int64_t cell : {-2048, -513, -257, -256, -255, -1, 0, 1, 255, 256, 257, 511, 512, 2047}) {
    const std::vector<Word> z = all_words(4096);
    std::vector<Word> alpha(4096);
    for (std::size_t i = 0; i < z.size(); ++i) alpha[i] = low(z[i] - static_cast<Word>(cell), m);
    check_line(m, alpha, z);
  }
}

TEST(CellLookUp, EveryCellOfEveryDomain) {
  for (int m = 10; m <= 16; ++m) {
    const std::size_t size = std::size_t{1} << m;
    std::vector<std::int32_t> cells(size);
    const std::vector<Word> noise = random_words(m, size, 16);
    for (std::size_t i = 0; i < size; ++i) cells[i] = static_cast<std::int32_t>(noise[i]);
    for (const auto& table_cells : {cells, reciprocal_cells(m), std::vector<std::int32_t>(size, 65535), std::vector<std::int32_t>(size, 0)}) {
      const CellTable table(m, table_cells);
      const std::vector<Word> z = random_words(m + 50, size);
      std::vector<Word> alpha(size);
      for (std::size_t i = 0; i < size; ++i) alpha[i] = low(z[i] - i, m);
      const Dealt dealt = deal(m, alpha);
      const std::vector<Word> want(table_cells.begin(), table_cells.end());
      expect_column(dealt, z, want, look_up(table, dealt.keys[0], to_array(z)), look_up(table, dealt.keys[1], to_array(z)), "cell");
    }
  }
}

TEST(CellLookUp, EveryAlphaAtEveryPositionOfTheSmallestDomain) {
  const std::size_t size = 1024;
  std::vector<Word> alpha(size * size), z(size * size);
  for (std::size_t i = 0; i < z.size(); ++i) alpha[i] = i / size, z[i] = i % size;
  const std::vector<std::int32_t> cells = reciprocal_cells(10);
  const CellTable table(10, cells);
  const Dealt dealt = deal(10, alpha);
  expect_column(dealt, z, std::vector<Word>(cells.begin(), cells.end()), look_up(table, dealt.keys[0], to_array(z)), look_up(table, dealt.keys[1], to_array(z)),
                "cell");
}

std::vector<std::int32_t> noise_cells(std::uint32_t seed, std::size_t count) {
  std::vector<std::int32_t> cells(count);
  const std::vector<Word> noise = random_words(seed, count, 22);
  for (std::size_t i = 0; i < count; ++i) cells[i] = std::max<std::int32_t>(static_cast<std::int32_t>(as_signed(noise[i], 22)), -(1 << 21) + 1);
  cells[0] = (1 << 21) - 1;
  return cells;
}

// cell -> value, zero outside the window
void check_window(int m, int first, std::size_t count, const std::vector<Word>& z, const std::vector<std::int64_t>& cell) {
  const std::vector<std::int32_t> columns[2] = {noise_cells(1, count), noise_cells(2, count)};
  const WindowTable table(first, columns[0], columns[1]);
  std::vector<Word> alpha(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) alpha[i] = low(z[i] - static_cast<Word>(cell[i]), m);
  const Dealt dealt = deal(m, alpha);
  const TwoColumns out0 = look_up(table, dealt.keys[0], to_array(z)), out1 = look_up(table, dealt.keys[1], to_array(z));
  const auto a0 = to_vector(out0.a), a1 = to_vector(out1.a), b0 = to_vector(out0.b), b1 = to_vector(out1.b);
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::int64_t at = as_signed(low(static_cast<Word>(cell[i]), m), m) - first;
    const bool inside = at >= 0 && at < static_cast<std::int64_t>(count);
    ASSERT_EQ(a0[i] + a1[i], inside ? dealt.signs[i] * static_cast<Word>(std::int64_t{columns[0][at]}) : 0) << "m " << m << " cell " << cell[i] << " z " << z[i];
    ASSERT_EQ(b0[i] + b1[i], inside ? dealt.signs[i] * static_cast<Word>(std::int64_t{columns[1][at]}) : 0);
  }
}

TEST(WindowLookUp, EveryAlphaAtEveryPositionOfTheSmallestDomain) {
  const std::size_t size = 1024;
  std::vector<Word> z(size * size);
  std::vector<std::int64_t> cell(size * size);
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = i / size, cell[i] = i % size;
  check_window(10, -256, 261, z, cell);
}

TEST(WindowLookUp, CellsAroundTheWindowInLargeDomains) {
  for (int m : {11, 12, 24, 25, 33, 52, 63, 64})
    for (auto [first, count] : {std::pair<int, int>{-256, 261}, {-300, 448}, {0, 1}, {100, 17}}) {
      std::vector<Word> z = random_words(m, 2000);
      for (std::size_t i = 0; i < 300; ++i) z[i] = i - 150;  // across the end of the domain
      std::vector<std::int64_t> cell(z.size());
      for (std::size_t i = 0; i < z.size(); ++i) cell[i] = static_cast<std::int64_t>(i * 7 % 900) - 450;
      check_window(m, first, count, z, cell);
    }
}

TEST(WindowLookUp, FarCellsAreZero) {
  const std::vector<Word> z = random_words(1, 500);
  std::vector<std::int64_t> cell(z.size());
  const std::vector<Word> far = random_words(2, z.size());
  for (std::size_t i = 0; i < z.size(); ++i) cell[i] = as_signed(far[i], 25);
  check_window(25, -256, 261, z, cell);
}

}  // namespace
}  // namespace shardlm::crypto
