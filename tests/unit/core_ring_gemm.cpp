// ring_gemm: every CPU kernel that this machine can run, against the product term by term.
#include <gtest/gtest.h>

#include <cmath>

#include "../../src/core/ring_gemm_host.hpp"
#include "core_ring_gemm_case.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm {
namespace {

using test::Matrix;

// What the kernels of one instruction set make of x.
std::vector<Word> multiply_on(Isa isa, const Matrix& w, const std::vector<Word>& x, std::size_t tokens) {
  const detail::RingGemmKernels& kernels = detail::ring_gemm_kernels(isa);
  detail::RingGemmPlans plans;
  std::vector<Word> y(tokens * w.rows, 0x5555555555555555);
  detail::ring_gemm_host(kernels, w.packed(), plans.get(kernels, w.packed()), x.data(), tokens, y.data());
  return y;
}

std::vector<Isa> available() {
  std::vector<Isa> isas;
  for (Isa i : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (i <= isa()) isas.push_back(i);
  return isas;
}

void expect_exact(const Matrix& w, std::size_t tokens) {
  const std::vector<Word> x = test::extreme_words(tokens * w.columns), expected = test::product(w, x, tokens);
  for (Isa isa : available())
    EXPECT_EQ(test::difference(expected, multiply_on(isa, w, x, tokens), w.rows), "")
        << name(isa) << ", " << tokens << " tokens, " << w.columns << " -> " << w.rows << ", " << w.planes << " planes";
}

class Shapes : public testing::TestWithParam<std::size_t> {};

TEST_P(Shapes, AreAllExact) {
  const std::size_t columns = GetParam();
  for (std::size_t rows : {1, 31, 32, 33, 896}) {
    const Matrix w(rows, columns, 1, test::trained_weight);
    for (std::size_t tokens : {1, 2, 3, 19, 33}) expect_exact(w, tokens);
  }
}

INSTANTIATE_TEST_SUITE_P(RingGemm, Shapes, testing::Values(1, 2, 64, 895, 896, 4864));

TEST(RingGemm, MultipliesTheSmallestAndTheLargestWeights) {
  for (std::int16_t extreme : {-32768, 32767})
    for (std::size_t columns : {2, 64, 895, 4864}) {
      const Matrix w(33, columns, 1, [=](auto&&...) { return extreme; });
      for (std::size_t tokens : {1, 2, 19}) expect_exact(w, tokens);
    }
}

TEST(RingGemm, MultipliesUniformWeights) {
  for (std::size_t columns : {64, 895, 4864}) expect_exact(Matrix(70, columns, 1, test::any_weight), 19);
}

// Each panel has its own plan: one whose weights need five limbs beside one whose weights do not.
TEST(RingGemm, MultipliesPanelsOfDifferentPlans) {
  const Matrix w(96, 896, 1, [](test::SplitMix& random, std::size_t, std::size_t row, std::size_t) -> std::int16_t {
    return row / 32 == 1 ? -32768 : row / 32 == 2 ? 0 : static_cast<std::int16_t>(random() % 1001 - 500);
  });
  for (std::size_t tokens : {1, 19}) expect_exact(w, tokens);
}

TEST(RingGemm, AddsTwoPlanes) {
  for (std::size_t columns : {64, 895, 2050}) {
    expect_exact(Matrix(70, columns, 2, test::any_weight), 5);
    expect_exact(Matrix(70, columns, 2, [](auto&&...) { return std::int16_t{-32768}; }), 5);
  }
}

TEST(RingGemm, ShiftsEachRowByItsExponent) {
  for (int planes : {1, 2}) {
    Matrix w(70, 130, planes, test::any_weight);
    for (std::size_t r = 0; r < w.rows; r++) w.exponents[r] = static_cast<std::int8_t>(r % 41);
    expect_exact(w, 4);
  }
}

// More columns than one pass over a panel covers, more tokens than one task takes.
TEST(RingGemm, MultipliesLongRowsAndManyTokens) {
  expect_exact(Matrix(33, 2 * 2048 + 3, 1, test::trained_weight), 7);
  expect_exact(Matrix(64, 130, 1, test::trained_weight), 401);
}

std::vector<Word> multiply(const Matrix& w, const std::vector<Word>& words, std::size_t tokens) {
  Array<Word> x("x", words.size()), y("y", tokens * w.rows);
  Kokkos::deep_copy(x, HostArray<const Word>(words.data(), words.size()));
  ring_gemm(RingMatrix(w.packed()), x, tokens, y);
  std::vector<Word> got(y.size());
  Kokkos::deep_copy(HostArray<Word>(got.data(), got.size()), y);
  return got;
}

// In the default execution space, which may be a device: the words are the same there.
TEST(RingGemm, IsExactInTheDefaultSpace) {
  for (int planes : {1, 2})
    for (std::size_t columns : {1, 127, 896, 895})
      for (std::size_t rows : {1, 33, 200}) {
        Matrix w(rows, columns, planes, test::any_weight);
        for (std::size_t r = 0; r < w.rows; r++) w.exponents[r] = static_cast<std::int8_t>(r % 41);
        for (std::size_t tokens : {1, 2, 8, 19}) {
          const std::vector<Word> x = test::extreme_words(tokens * columns);
          EXPECT_EQ(test::difference(test::product(w, x, tokens), multiply(w, x, tokens), rows), "")
              << tokens << " tokens, " << columns << " -> " << rows << ", " << planes << " planes";
        }
      }
}

// The longest block whose sums of |w| stay in 32 bits: 2^16 / |w| columns in four limbs, else 2^21 / |w| in five.
TEST(RingGemm, PlansTheLongestBlockThatCannotOverflow) {
  struct Case {
    std::int16_t weight;
    int split, pairs;
  };
  for (const Case& c : {Case{0, 0, 1024}, Case{63, 0, 512}, Case{64, 0, 256}, Case{1023, 0, 32}, Case{1024, 0, 16}, Case{4093, 0, 8},
                        Case{4094, 1, 128}, Case{32767, 1, 16}, Case{-32768, 1, 16}}) {
    const Matrix w(32, 2048, 1, [&](auto&&...) { return c.weight; });
    for (Isa isa : available()) {
      detail::RingGemmPlans plans;
      const detail::PanelPlan plan = plans.get(detail::ring_gemm_kernels(isa), w.packed())[0];
      EXPECT_EQ(plan.split, c.split) << name(isa) << ", " << c.weight;
      EXPECT_EQ(plan.block, c.pairs) << name(isa) << ", " << c.weight;
    }
  }
}

TEST(RingGemm, RefusesExtentsThatDoNotFit) {
  const Matrix w(32, 64, 1, test::any_weight);
  const RingMatrix matrix(w.packed());
  Array<Word> x("x", 2 * 64), y("y", 2 * 32), short_y("short y", 2 * 32 - 1);
  EXPECT_NO_THROW(ring_gemm(matrix, x, 2, y));
  EXPECT_THROW(ring_gemm(matrix, x, 3, y), Error);
  EXPECT_THROW(ring_gemm(matrix, x, 2, short_y), Error);
  EXPECT_THROW(ring_gemm(RingMatrix(), x, 2, y), Error);
}

TEST(RingGemm, RefusesMatricesThatCannotBe) {
  Matrix w(32, 64, 1, test::any_weight);
  PackedRows packed = w.packed();
  packed.planes = 3;
  EXPECT_THROW(RingMatrix{packed}, Error);
  w.exponents[31] = 41;
  EXPECT_THROW(RingMatrix{w.packed()}, Error);
  w.exponents[31] = -1;
  EXPECT_THROW(RingMatrix{w.packed()}, Error);
}

TEST(RingGemm, TakesNoTokens) {
  const Matrix w(32, 64, 1, test::any_weight);
  EXPECT_NO_THROW(ring_gemm(RingMatrix(w.packed()), Array<Word>("x", 0), 0, Array<Word>("y", 0)));
}

TEST(UnpackRows, GivesEveryWeightTimesItsPowerOfTwo) {
  for (int planes : {1, 2}) {
    Matrix w(70, 129, planes, test::any_weight);
    for (std::size_t r = 0; r < w.rows; r++) w.exponents[r] = static_cast<std::int8_t>(r % 41);
    std::vector<float> out(w.rows * w.columns, -1);
    unpack_rows(w.packed(), out.data());
    for (std::size_t r = 0; r < w.rows; r++)
      for (std::size_t k = 0; k < w.columns; k++) {
        const double high = planes == 2 ? w.weights[(w.rows + r) * w.columns + k] : 0, low = w.weights[r * w.columns + k];
        ASSERT_EQ(out[r * w.columns + k], static_cast<float>(std::ldexp(high * 65536 + low, w.exponents[r]))) << r << ", " << k;
      }
  }
}

}  // namespace
}  // namespace shardlm
