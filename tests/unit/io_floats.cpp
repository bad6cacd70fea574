// The three float formats and the panels.
#include <cmath>
#include <cstring>

#include "io_files.hpp"
#include "shardlm/core/panels.hpp"
#include "shardlm/io/safetensors.hpp"

namespace shardlm::io {
namespace {

using namespace test;

float read_half(FloatType type, std::uint16_t h) {
  const std::uint8_t bytes[2] = {static_cast<std::uint8_t>(h), static_cast<std::uint8_t>(h >> 8)};
  float f = 0;
  to_float(type, bytes, 1, &f);
  return f;
}

// By the definition: sign, exponent, mantissa.
double by_definition(std::uint16_t h, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1, e = h >> mantissa_bits & ((1 << exponent_bits) - 1), m = h & ((1 << mantissa_bits) - 1);
  const double sign = h >> 15 ? -1 : 1;
  if (e == (1 << exponent_bits) - 1) return m ? NAN : sign * INFINITY;
  return sign * (e ? std::ldexp((1 << mantissa_bits) + m, e - bias - mantissa_bits) : std::ldexp(m, 1 - bias - mantissa_bits));
}

TEST(Floats, EveryHalfIsReadExactly) {
  for (std::uint32_t h = 0; h < 65536; ++h)
    for (const FloatType type : {FloatType::f16, FloatType::bf16}) {
      const double want = type == FloatType::f16 ? by_definition(h, 5, 10) : by_definition(h, 8, 7);
      const double got = read_half(type, h);
      ASSERT_TRUE(std::isnan(want) ? std::isnan(got) : got == want && std::signbit(got) == std::signbit(want))
          << name(type) << " " << h << ": " << got << " is not " << want;
    }
}

TEST(Floats, SinglePrecisionIsCopiedFromAnyAddress) {
  const float values[] = {1.5f, -0x1p-149f, 3e38f};
  std::uint8_t bytes[1 + sizeof values];
  std::memcpy(bytes + 1, values, sizeof values);
  float got[3];
  to_float(FloatType::f32, bytes + 1, 3, got);
  EXPECT_EQ(std::memcmp(got, values, sizeof values), 0);
}

TEST(Floats, OtherTypesAreRefusedByName) {
  EXPECT_EQ(float_type("F16"), FloatType::f16);
  EXPECT_TRUE(says(refusal([] { float_type("F64"); }), "F64"));
}

TEST(Panels, BothPlanesGiveTheWeightsBack) {
  const std::size_t rows = 35, columns = 5;
  const std::int32_t extremes[] = {0, 1, -1, 32767, 32768, -32768, -32769, 65535, 65536, kWideLimit, -kWideLimit};
  std::vector<std::int32_t> weights(rows * columns);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = extremes[i % 11];
  const std::vector<std::int16_t> packed = pack_rows(weights.data(), rows, columns, 2);
  ASSERT_EQ(packed.size(), 2 * 64 * 6u);
  const PackedRows m{rows, columns, 2, packed.data(), nullptr};
  for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(weight_at(m, i / columns, i % columns), weights[i]);
}

TEST(Panels, ColumnsOfAPairLieSideBySide) {
  const std::int32_t weights[] = {1, 2, 3, 4, 5, 6};  // two rows of three columns
  const std::vector<std::int16_t> packed = pack_rows(weights, 2, 3, 1);
  ASSERT_EQ(packed.size(), 32 * 4u);
  EXPECT_EQ((std::vector<std::int16_t>{packed.begin(), packed.begin() + 6}), (std::vector<std::int16_t>{1, 2, 4, 5, 0, 0}));
  EXPECT_EQ((std::vector<std::int16_t>{packed.begin() + 64, packed.begin() + 70}), (std::vector<std::int16_t>{3, 0, 6, 0, 0, 0}));
}

TEST(Panels, WeightsThatDoNotFitAreRefused) {
  const std::int32_t narrow = kNarrowLimit + 1, wide = kWideLimit + 1;
  EXPECT_TRUE(says(refusal([&] { pack_rows(&narrow, 1, 1, 1); }), "32768"));
  EXPECT_TRUE(says(refusal([&] { pack_rows(&wide, 1, 1, 2); }), "2147450880"));
  EXPECT_TRUE(says(refusal([&] { pack_rows(&narrow, 1, 1, 3); }), "planes"));
}

}  // namespace
}  // namespace shardlm::io
