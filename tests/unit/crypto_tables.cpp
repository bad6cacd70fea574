// Tables hold what their kernels rely on, or are refused.
#include "crypto_batches.hpp"

#include <cmath>

namespace shardlm::crypto {
namespace {

// SiLU in cells of 1/16 at scale 18, slopes at scale 6, as least-squares lines over (cell - 1, cell + 1) at 9 Chebyshev points.
struct Silu {
  std::vector<Word> value, slope;
};
Silu silu(int m) {
  const std::size_t size = std::size_t{1} << m;
  const double h = 1.0 / 16;
  Silu table{std::vector<Word>(size), std::vector<Word>(size)};
  for (std::size_t cell = 0; cell < size; ++cell) {
    const double c = as_signed(cell, m) * h;
    double y = 0, yt = 0, tt = 0;
    for (int i = 0; i < 9; ++i) {
      const double t = std::cos(M_PI * (i + 0.5) / 9) * h, x = c + t, f = x / (1 + std::exp(-std::min(60.0, std::max(-60.0, x))));
      y += f / 9, yt += f * t, tt += t * t;
    }
    table.value[cell] = encode(y, 18);
    table.slope[cell] = encode(yt / tt, 6);
  }
  return table;
}

TEST(LineTable, HoldsSiluAtEveryWidth) {
  for (int m : {12, 13, 14}) {
    const Silu table = silu(m);
    EXPECT_NO_THROW(LineTable(m, table.value, table.slope)) << m;
  }
}

TEST(LineTable, RefusesWhatItsKernelWouldGetWrong) {
  const Silu good = silu(12);
  const auto with = [&](std::size_t cell, Word value) {
    std::vector<Word> column = good.value;
    column[cell] = value;
    return column;
  };
  EXPECT_NO_THROW(LineTable(12, with(255, good.value[255] + 1000), good.slope));
  EXPECT_THROW(LineTable(12, with(1000, good.value[1000] + 1), good.slope), Error) << "off its line";
  EXPECT_THROW(LineTable(12, with(2047, 0), good.slope), Error) << "the line's last cell";
  EXPECT_THROW(LineTable(12, with(4096 - 257, 1), good.slope), Error) << "not zero below the window";
  EXPECT_THROW(LineTable(12, with(2048, 1), good.slope), Error) << "not zero in the lowest cell";
  EXPECT_THROW(LineTable(12, with(100, Word{1} << 24), good.slope), Error) << "a deviation of 24 bits";
  std::vector<Word> steep = good.slope;
  steep[4096 - 5] += 200;
  EXPECT_THROW(LineTable(12, good.value, steep), Error) << "a deviation of 8 bits";
  EXPECT_THROW(LineTable(12, good.slope, silu(13).slope), Error) << "columns of different length";
  EXPECT_THROW(LineTable(9, std::vector<Word>(512), std::vector<Word>(512)), Error);
  EXPECT_THROW(LineTable(17, std::vector<Word>(1 << 17), std::vector<Word>(1 << 17)), Error);
  std::vector<Word> heavy(1 << 12, 0);
  for (std::size_t cell = 4096 - 256; cell < 4096; ++cell) heavy[cell] = (1 << 23) - 1 - 65536 * 127 / 127;
  EXPECT_NO_THROW(LineTable(12, heavy, good.slope));
  for (std::size_t cell = 0; cell < 256; ++cell) heavy[cell] = heavy[4096 - 1] + 40000;
  EXPECT_THROW(LineTable(12, heavy, good.slope), Error) << "deviations whose sum leaves 31 bits";
}

TEST(CellTable, RefusesCellsBeyondSixteenBits) {
  for (std::int32_t cell : {0, 32768, 65535}) EXPECT_NO_THROW(CellTable(10, std::vector<std::int32_t>(1024, cell))) << cell;
  for (std::int32_t cell : {-1, 65536}) EXPECT_THROW(CellTable(10, std::vector<std::int32_t>(1024, cell)), Error) << cell;
  EXPECT_THROW(CellTable(10, std::vector<std::int32_t>(1000)), Error);
  EXPECT_THROW(CellTable(17, std::vector<std::int32_t>(1 << 17)), Error);
}

TEST(WindowTable, RefusesWhatDoesNotFitItsWindow) {
  const auto columns = [](std::size_t n, std::int32_t cell) { return std::vector<std::int32_t>(n, cell); };
  EXPECT_NO_THROW(WindowTable(-256, columns(kMaxWindow, (1 << 21) - 1), columns(kMaxWindow, 1 - (1 << 21))));
  EXPECT_THROW(WindowTable(-256, columns(kMaxWindow + 1, 0), columns(kMaxWindow + 1, 0)), Error);
  EXPECT_THROW(WindowTable(-256, columns(0, 0), columns(0, 0)), Error);
  EXPECT_THROW(WindowTable(-256, columns(5, 0), columns(6, 0)), Error);
  EXPECT_THROW(WindowTable(-256, columns(5, 1 << 21), columns(5, 0)), Error);
  EXPECT_THROW(WindowTable(-256, columns(5, 0), columns(5, -(1 << 21))), Error);
}

TEST(LookUp, RefusesKeysOfAnotherDomain) {
  const Dealt dealt = deal(13, all_words(16));
  const Array<Word> z("z", 16), few("z", 15);
  EXPECT_THROW(look_up(CellTable(12, std::vector<std::int32_t>(4096)), dealt.keys[0], z), Error);
  EXPECT_THROW(look_up(LineTable(12, silu(12).value, silu(12).slope), dealt.keys[0], z), Error);
  EXPECT_THROW(look_up(CellTable(13, std::vector<std::int32_t>(8192)), dealt.keys[0], few), Error);
  EXPECT_THROW(look_up(WindowTable(0, {1}, {1}), deal(9, {1}).keys[0], Array<Word>("z", 1)), Error);
}

}  // namespace
}  // namespace shardlm::crypto
