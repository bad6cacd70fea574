// Ring elements of fewer than 64 bits and fixed-point numbers, at the ends of their ranges.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "shardlm/core/ring.hpp"

namespace shardlm {
namespace {

constexpr Word kOnes = ~Word{0};

TEST(Ring, LowKeepsTheLowBits) {
  EXPECT_EQ(low(kOnes, 64), kOnes);
  EXPECT_EQ(low(kOnes, 63), kOnes >> 1);
  EXPECT_EQ(low(kOnes, 1), 1u);
  EXPECT_EQ(low(Word{1} << 32, 32), 0u);
  EXPECT_EQ(low((Word{1} << 32) - 1, 32), (Word{1} << 32) - 1);
}

TEST(Ring, MsbIsTheTopBitOfTheRing) {
  for (int k = 1; k <= 64; k++) {
    EXPECT_EQ(msb(Word{1} << (k - 1), k), 1u) << k;
    EXPECT_EQ(msb((Word{1} << (k - 1)) - 1, k), 0u) << k;
    if (k < 64) EXPECT_EQ(msb(Word{1} << k, k), 0u) << k;  // bits above the ring do not count
  }
}

TEST(Ring, AsSignedReadsTwosComplement) {
  for (int k = 1; k <= 64; k++) {
    const std::int64_t smallest = std::numeric_limits<std::int64_t>::min() >> (64 - k);
    EXPECT_EQ(as_signed(Word{1} << (k - 1), k), smallest) << k;
    EXPECT_EQ(as_signed((Word{1} << (k - 1)) - 1, k), -(smallest + 1)) << k;
    EXPECT_EQ(as_signed(kOnes, k), -1) << k;
    EXPECT_EQ(as_signed(0, k), 0) << k;
  }
  EXPECT_EQ(as_signed(0xffffffff00000005, 32), 5);
}

TEST(Ring, BytesOfRoundsUp) {
  EXPECT_EQ(bytes_of(1), 1);
  EXPECT_EQ(bytes_of(8), 1);
  EXPECT_EQ(bytes_of(9), 2);
  EXPECT_EQ(bytes_of(63), 8);
  EXPECT_EQ(bytes_of(64), 8);
}

TEST(FixedPoint, EncodeRoundsToNearestTiesToEven) {
  EXPECT_EQ(encode(0.5, 0), 0u);
  EXPECT_EQ(encode(1.5, 0), 2u);
  EXPECT_EQ(encode(2.5, 0), 2u);
  EXPECT_EQ(encode(-0.5, 0), 0u);
  EXPECT_EQ(encode(-1.5, 0), Word{0} - 2);
  EXPECT_EQ(encode(0.75, 1), 2u);
  EXPECT_EQ(encode(std::nextafter(0.5, 1.0), 0), 1u);
}

TEST(FixedPoint, EncodeCutsToTheRing) {
  EXPECT_EQ(encode(-1.0, 12, 25), (Word{1} << 25) - (Word{1} << 12));
  EXPECT_EQ(encode(-1.0, 12), Word{0} - 4096);
  EXPECT_EQ(encode(2047.0 / 4096, 12, 12), 2047u);
  EXPECT_EQ(encode(-0.5, 12, 12), 2048u);
}

TEST(FixedPoint, DecodeInvertsEncodeOverTheWholeRange) {
  for (int k : {2, 12, 25, 32, 52})  // a double holds them all exactly
    for (int f : {0, 1, k / 2, k - 1})
      for (Word x : {Word{0}, Word{1}, (Word{1} << (k - 1)) - 1, Word{1} << (k - 1), low(kOnes, k)})
        EXPECT_EQ(encode(decode(x, f, k), f, k), x) << k << ", " << f;
  EXPECT_EQ(decode(Word{1} << 63, 0), -std::ldexp(1.0, 63));
  EXPECT_EQ(decode(Word{1} << 63, 63), -1.0);
  EXPECT_EQ(decode(encode(-3.25, 15), 15), -3.25);
}

}  // namespace
}  // namespace shardlm
