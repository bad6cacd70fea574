// Rows of floats to integers and exponents.
#include <cmath>
#include <limits>

#include "io_files.hpp"
#include "shardlm/core/numbers.hpp"
#include "shardlm/io/quantise.hpp"

namespace shardlm::io {
namespace {

using namespace test;

struct Row {
  int exponent;
  std::vector<std::int32_t> integers;
};

Row quantised(const std::vector<double>& w, int scale = kWeightScale, std::int32_t limit = kNarrowLimit) {
  Row row{0, std::vector<std::int32_t>(w.size())};
  row.exponent = quantise_row(w.data(), w.size(), scale, limit, row.integers.data());
  return row;
}

TEST(Quantise, IntegersAreRoundedToNearestWithTiesToEven) {
  const double unit = std::ldexp(1.0, -15);
  const Row row = quantised({0.5 * unit, 1.5 * unit, 2.5 * unit, -0.5 * unit, -1.5 * unit, 2.4999 * unit, -100.75 * unit, 0});
  EXPECT_EQ(row.exponent, 0);
  EXPECT_EQ(row.integers, (std::vector<std::int32_t>{0, 2, 2, 0, -2, 2, -101, 0}));
}

TEST(Quantise, TheExponentIsTheSmallestThatFits) {
  const double unit = std::ldexp(1.0, -15);
  EXPECT_EQ(quantised({32767 * unit}).exponent, 0);
  const Row over = quantised({32767.25 * unit, 3 * unit});
  EXPECT_EQ(over.exponent, 1);
  EXPECT_EQ(over.integers, (std::vector<std::int32_t>{16384, 2}));
  EXPECT_EQ(quantised({-2 * 32767 * unit}).exponent, 1);
  EXPECT_EQ(quantised({-2 * 32767.5 * unit}).exponent, 2);
  EXPECT_EQ(quantised({std::ldexp(32767.0, 25)}).exponent, 40);
}

TEST(Quantise, WideRowsReachTheLimitOfTwoPlanes) {
  const double unit = std::ldexp(1.0, -23);
  const Row most = quantised({kWideLimit * unit, -kWideLimit * unit}, kWideWeightScale, kWideLimit);
  EXPECT_EQ(most.exponent, 0);
  EXPECT_EQ(most.integers, (std::vector<std::int32_t>{kWideLimit, -kWideLimit}));
  EXPECT_EQ(quantised({(kWideLimit + 1.0) * unit}, kWideWeightScale, kWideLimit).exponent, 1);
}

TEST(Quantise, ARowOfZerosIsOne) {
  const Row row = quantised({0, -0.0, 0});
  EXPECT_EQ(row.exponent, 0);
  EXPECT_EQ(row.integers, (std::vector<std::int32_t>{0, 0, 0}));
}

TEST(Quantise, WhatIsNoNumberIsRefusedWhereverItStands) {
  for (std::size_t at = 0; at < 21; ++at)
    for (const double bad : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), std::nan("")}) {
      std::vector<double> w(21, 0.25);
      w[at] = bad;
      EXPECT_TRUE(says(refusal([&] { quantised(w); }), "not a finite number")) << at;
    }
  EXPECT_TRUE(says(refusal([] { quantised({std::ldexp(32768.0, 26)}); }), "too large"));
}

// A stack of two float32 matrices of one column that is odd and rows that do not fill panels.
class PackPanels : public testing::Test {
 protected:
  static constexpr std::size_t kColumns = 3;
  void SetUp() override {
    std::uint64_t state = 7;
    for (std::vector<float>* data : {&top_, &bottom_})
      for (float& w : *data) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        w = static_cast<float>(static_cast<std::int64_t>(state)) * 0x1p-60f;
      }
    const auto matrix = [](const std::vector<float>& data) {
      return FloatTensor{"w", FloatType::f32, {data.size() / kColumns, kColumns}, reinterpret_cast<const std::uint8_t*>(data.data())};
    };
    stack_ = {{{matrix(top_), {0.5, 1.25, 3.0}, 0.75}, {matrix(bottom_), {}}}, 1};
  }
  double weight(std::size_t r, std::size_t c) const {
    const double gains[] = {0.5, 1.25, 3.0};
    return r < 20 ? top_[r * kColumns + c] * gains[c] * 0.75 : bottom_[(r - 20) * kColumns + c];
  }
  std::vector<float> top_ = std::vector<float>(20 * kColumns), bottom_ = std::vector<float>(27 * kColumns);
  Stack stack_;
};

TEST_F(PackPanels, GainsFactorAndExponentsGiveTheWeightsBack) {
  for (const int planes : {1, 2}) {
    stack_.planes = planes;
    ASSERT_EQ(stack_.rows(), 47u);
    std::vector<std::int16_t> words(planes * plane_words(47, kColumns), 99);
    std::vector<std::int8_t> exponents(64, 99);
    pack_panels(stack_, 0, 2, 2, words.data(), exponents.data());
    const PackedRows m{47, kColumns, planes, words.data(), exponents.data()};
    const int scale = planes == 2 ? kWideWeightScale : kWeightScale;
    for (std::size_t r = 0; r < 47; ++r)
      for (std::size_t c = 0; c < kColumns; ++c)
        EXPECT_LE(std::fabs(std::ldexp(weight_at(m, r, c), exponents[r] - scale) - weight(r, c)), std::ldexp(0.5, exponents[r] - scale))
            << r << " " << c;
    std::size_t padding = 0;
    for (std::size_t r = 0; r < 64; ++r)
      for (std::size_t c = 0; c < 4; ++c)
        if (r >= 47 || c >= kColumns) padding += words[panel_index(r, c, kColumns)] != 0;
    EXPECT_EQ(padding, 0u);
  }
}

TEST_F(PackPanels, PanelsPackedOneByOneAreTheSame) {
  stack_.planes = 2;
  std::vector<std::int16_t> whole(2 * plane_words(47, kColumns)), parts(whole.size());
  std::vector<std::int8_t> a(64), b(64);
  pack_panels(stack_, 0, 2, 2, whole.data(), a.data());
  for (std::size_t p = 0; p < 2; ++p) pack_panels(stack_, p, 1, 2, parts.data() + p * 32 * 4, b.data() + p * 32);
  EXPECT_EQ(whole, parts);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace shardlm::io
