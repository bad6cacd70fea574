// The Kokkos kernel that devices run gives the same words on the host.
#include <gtest/gtest.h>

#include "../../src/core/ring_gemm_portable.hpp"
#include "core_ring_gemm_case.hpp"

namespace shardlm {
namespace {

using test::Matrix;

template <class ExecSpace>
void expect_exact(const Matrix& w, std::size_t tokens) {
  const std::vector<Word> x = test::extreme_words(tokens * w.columns), expected = test::product(w, x, tokens);
  std::vector<Word> one(expected.size()), eight(expected.size());
  detail::ring_gemm_portable<ExecSpace, 1>(w.packed(), x.data(), tokens, one.data(), 1);
  detail::ring_gemm_portable<ExecSpace, 8>(w.packed(), x.data(), tokens, eight.data(), 1);
  ExecSpace().fence();
  EXPECT_EQ(test::difference(expected, one, w.rows), "") << tokens << " tokens, " << w.columns << " -> " << w.rows << ", a token a team";
  EXPECT_EQ(test::difference(expected, eight, w.rows), "")
      << tokens << " tokens, " << w.columns << " -> " << w.rows << ", eight tokens a team";
}

template <class ExecSpace>
class PortableRingGemm : public testing::Test {};

#if defined(KOKKOS_ENABLE_SERIAL)
using Spaces =
    std::conditional_t<std::is_same_v<HostExec, Kokkos::Serial>, testing::Types<HostExec>, testing::Types<Kokkos::Serial, HostExec>>;
#else
using Spaces = testing::Types<HostExec>;
#endif
TYPED_TEST_SUITE(PortableRingGemm, Spaces);

TYPED_TEST(PortableRingGemm, IsExactForAllShapes) {
  for (std::size_t columns : {1, 2, 64, 895, 896})
    for (std::size_t rows : {1, 31, 32, 33, 200})
      for (std::size_t tokens : {1, 2, 8, 19}) expect_exact<TypeParam>(Matrix(rows, columns, 1, test::any_weight), tokens);
}

TYPED_TEST(PortableRingGemm, IsExactForTwoPlanesAndExponents) {
  for (std::size_t columns : {130, 259}) {
    Matrix w(70, columns, 2, test::any_weight);
    for (std::size_t r = 0; r < w.rows; r++) w.exponents[r] = static_cast<std::int8_t>(r % 41);
    expect_exact<TypeParam>(w, 9);
  }
}

TYPED_TEST(PortableRingGemm, IsExactForTheSmallestWeights) {
  expect_exact<TypeParam>(Matrix(33, 896, 2, [](auto&&...) { return std::int16_t{-32768}; }), 3);
}

}  // namespace
}  // namespace shardlm
