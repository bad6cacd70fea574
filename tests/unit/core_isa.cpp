// The choice of an instruction set. It is made once a process, so each case is a process of its own.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "shardlm/core/error.hpp"
#include "shardlm/core/isa.hpp"

namespace shardlm {
namespace {

// Prints what isa() gives, or its error, for a wish, and ends.
[[noreturn]] void report(const char* wish) {
  setenv("SHARDLM_ISA", wish, 1);
  try {
    std::fprintf(stderr, "chose %s", name(isa()));
  } catch (const Error& error) {
    std::fprintf(stderr, "refused: %s", error.what());
  }
  std::_Exit(0);
}

class IsaDeathTest : public testing::Test {
  void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST_F(IsaDeathTest, TakesALowerOneWhereAskedTo) { EXPECT_EXIT(report("baseline"), testing::ExitedWithCode(0), "chose baseline"); }

TEST_F(IsaDeathTest, RefusesAnUnknownName) {
  EXPECT_EXIT(report("sse9"), testing::ExitedWithCode(0), "refused: SHARDLM_ISA is 'sse9'; it must be baseline, avx2 or avx512");
}

TEST_F(IsaDeathTest, TakesTheBestWhereNothingIsAskedFor) {
  EXPECT_EXIT(report(""), testing::ExitedWithCode(0), std::string("chose ") + name(isa()));
}

TEST_F(IsaDeathTest, EitherTakesOrRefusesTheHighest) {
  EXPECT_EXIT(report("avx512"), testing::ExitedWithCode(0),
              "chose avx512|refused: SHARDLM_ISA asks for avx512, which this machine does not have");
}

TEST(Isa, NamesAreThoseOfTheVariable) {
  EXPECT_STREQ(name(Isa::baseline), "baseline");
  EXPECT_STREQ(name(Isa::avx2), "avx2");
  EXPECT_STREQ(name(Isa::avx512), "avx512");
}

}  // namespace
}  // namespace shardlm
