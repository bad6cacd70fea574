// What a server sees of a key must look uniform, whatever alpha is. Fresh keys each run; each count of n fair bits stays within
// 6 standard deviations but for 2e-9 of runs, so all tests here together raise a false alarm in fewer than 1e-5 of runs.
#include "crypto_batches.hpp"

#include <cmath>

namespace shardlm::crypto {
namespace {

void expect_fair(double ones, double n, const char* what, int which = 0) { EXPECT_LT(std::abs(ones - n / 2), 6 * std::sqrt(n) / 2) << what << " " << which; }

Dealt fresh(int m, Word alpha, std::size_t n) {
  Stream streams[2] = {Stream(random_key()), Stream(random_key())};
  const Tweak tweak{random_salt(), 0};
  const Array<std::uint32_t> roots[2] = {streams[0].roots(n), streams[1].roots(n)};
  const DpfBatch batch = generate(m, to_array(std::vector<Word>(n, alpha)), roots[0], roots[1], tweak);
  return {{{m, n, 0, tweak, roots[0], batch.corrections}, {m, n, 1, tweak, roots[1], batch.corrections}}, {}, to_vector(batch.signs)};
}

constexpr std::size_t kKeys = 16 * 4096;

TEST(Uniform, SignsAreFairForEveryAlpha) {
  for (Word alpha : {Word{0}, Word{4095}, Word{1234}}) {
    double plus = 0;
    for (Word sign : fresh(12, alpha, kKeys).signs) plus += sign == 1;
    expect_fair(plus, kKeys, "sign, alpha", static_cast<int>(alpha));
  }
}

TEST(Uniform, EveryCorrectionBitIsFairForEveryAlpha) {
  const std::size_t tiles = kKeys / kTile, rows = 4 * 3 + 16;
  for (Word alpha : {Word{0}, Word{4095}, Word{1234}}) {
    const auto words = to_vector(fresh(12, alpha, kKeys).keys[0].corrections);
    for (std::size_t row = 0; row < rows; ++row)
      for (int bit = 0; bit < 32; ++bit) {
        double ones = 0;
        for (std::size_t tile = 0; tile < tiles; ++tile)
          for (int lane = 0; lane < kTile; ++lane) ones += words[(tile * rows + row) * kTile + lane] >> bit & 1;
        expect_fair(ones, kKeys, "correction bit", static_cast<int>(32 * row + bit));
      }
    for (int level = 0; level < 3; ++level)
      for (int side : {0, 1}) {
        double ones = 0;
        for (std::size_t tile = 0; tile < tiles; ++tile) ones += __builtin_popcount(words[tiles * rows * kTile + 3 * tile + level] >> (16 * side) & 0xFFFF);
        expect_fair(ones, kKeys, "control bit", 2 * level + side);
      }
  }
}

TEST(Uniform, OneServersBitAtAlphaIsFair) {  // were it not, the sign, or a bit of alpha, would show
  const std::size_t n = 16 * 1024;
  for (Word alpha : {Word{0}, Word{511}, Word{300}}) {
    const auto bits = to_vector(expand(fresh(9, alpha, n).keys[1]));
    double ones = 0;
    for (std::size_t key = 0; key < n; ++key) ones += bits[alpha / 32 * n + key] >> (alpha % 32) & 1;
    expect_fair(ones, n, "bit at alpha", static_cast<int>(alpha));
  }
}

TEST(Uniform, StreamWordsAreFairBitByBit) {
  Stream stream(random_key());
  const auto words = to_vector(stream.words(kKeys, 64));
  for (int bit = 0; bit < 64; ++bit) {
    double ones = 0;
    for (Word word : words) ones += word >> bit & 1;
    expect_fair(ones, kKeys, "stream bit", bit);
  }
  double ones = 0;
  for (Word bit : to_vector(stream.bits(kKeys))) ones += bit;
  expect_fair(ones, kKeys, "drawn bits");
}

}  // namespace
}  // namespace shardlm::crypto
