// The plaintext engine against known logits, and against itself.
#include <algorithm>
#include <cmath>
#include <memory>

#include "io_files.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/qwen/plain.hpp"

namespace shardlm::qwen {
namespace {

using namespace test;
using Tokens = std::vector<std::int32_t>;
using Logits = std::vector<float>;

// Root mean square of the difference, relative to that of the expected logits around their mean.
template <class Wanted>
double relative_error(const Logits& got, const Wanted& want) {
  double difference = 0, mean = 0, spread = 0;
  for (std::size_t i = 0; i < want.size(); ++i) mean += want[i] / static_cast<double>(want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    difference += (got[i] - want[i]) * (got[i] - want[i]);
    spread += (want[i] - mean) * (want[i] - mean);
  }
  return std::sqrt(difference / spread);
}

class PlainTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_.reset(new PlainModel(kSmallModel)); }
  static void TearDownTestSuite() { model_.reset(); }  // before Kokkos ends
  static PlainModel& original() { return *model_; }
  static Logits prefill(const PlainModel& model, const Tokens& tokens) { return PlainSession(model).forward(tokens); }

  nlohmann::json expected_ = read_json(kSmallModel + "/expected.json");
  Tokens prompt_ = expected_["prompt"], further_ = expected_["further"];
  std::vector<std::vector<double>> logits_ = expected_["logits"];

 private:
  static std::unique_ptr<PlainModel> model_;
};

std::unique_ptr<PlainModel> PlainTest::model_;

// Float arithmetic against float64: some hundred operations deep, each with a relative error of 6e-8.
constexpr double kFloatError = 1e-5;

TEST_F(PlainTest, PrefillGivesTheKnownLogits) {
  Tokens tokens = prompt_;
  for (std::size_t n = 0; n <= further_.size(); ++n) {
    const Logits got = prefill(original(), tokens);
    ASSERT_EQ(got.size(), 300u);
    EXPECT_LT(relative_error(got, logits_[n]), kFloatError) << n;
    if (n < further_.size()) tokens.push_back(further_[n]);
  }
}

TEST_F(PlainTest, DecodingStepByStepGivesTheKnownLogits) {
  PlainSession session(original());
  EXPECT_LT(relative_error(session.forward(prompt_), logits_[0]), kFloatError);
  for (std::size_t n = 0; n < further_.size(); ++n)
    EXPECT_LT(relative_error(session.forward({further_[n]}), logits_[n + 1]), kFloatError) << n;
  EXPECT_EQ(session.length(), prompt_.size() + further_.size());
}

// Longer than a block of the gemm and than the first piece of the cache.
TEST_F(PlainTest, AnyDivisionOfALongTextIsTheSame) {
  Tokens tokens(150);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::int32_t>((i * i * 7 + 3 * i) % 300);
  const Logits whole = prefill(original(), tokens);
  for (const std::vector<std::size_t>& cuts : {std::vector<std::size_t>{1}, {7, 8, 9}, {64, 65}, {100}, {149}}) {
    PlainSession session(original());
    Logits last;
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
      session.forward({tokens.begin() + from, tokens.begin() + cut});
      from = cut;
    }
    EXPECT_LT(relative_error(session.forward({tokens.begin() + from, tokens.end()}), whole), kFloatError) << cuts[0];
  }
}

TEST_F(PlainTest, SessionsDoNotDisturbEachOther) {
  PlainSession a(original()), b(original());
  a.forward({1, 2, 3});
  b.forward(prompt_);
  a.forward({4});
  EXPECT_LT(relative_error(b.forward({further_[0]}), logits_[1]), kFloatError);
}

TEST_F(PlainTest, TheOrderOfTokensMatters) {
  Tokens swapped = prompt_;
  std::swap(swapped[0], swapped[1]);
  EXPECT_GT(relative_error(prefill(original(), swapped), logits_[0]), 0.01);
}

TEST_F(PlainTest, PositionsAreRelativeSoThatOnlyAGapWithinTheTextCounts) {
  PlainSession late(original()), torn(original()), twice(original());
  late.skip(40);
  EXPECT_LT(relative_error(late.forward(prompt_), logits_[0]), kFloatError);
  for (PlainSession* session : {&torn, &twice}) session->forward({prompt_.begin(), prompt_.begin() + 3});
  torn.skip(5);
  twice.skip(2);
  twice.skip(3);
  const Tokens rest(prompt_.begin() + 3, prompt_.end());
  const Logits apart = torn.forward(rest);
  EXPECT_GT(relative_error(apart, logits_[0]), 0.001);
  EXPECT_EQ(apart, twice.forward(rest));
  EXPECT_EQ(torn.length(), prompt_.size());
}

// Sums in another order move a few roundings, so that two bfloat16 engines agree better with each other than with exact arithmetic.
TEST_F(PlainTest, Bfloat16RoundsTheResultOfEveryOperation) {
  const Logits rounded = prefill(PlainModel(kSmallModel, Precision::bfloat16), prompt_);
  const std::vector<double> known = expected_["bfloat16"];
  const double error = relative_error(rounded, logits_[0]);
  EXPECT_GT(error, 1e-3);
  EXPECT_LT(error, 2e-2);
  EXPECT_LT(relative_error(rounded, known), 0.5 * error);
}

TEST_F(PlainTest, RangesAreTheLargestValuesThatALayerSaw) {
  const auto near = [](double got, double want) { return std::abs(got - want) < 1e-4 * want; };
  const std::size_t layers = original().config().layers;
  Ranges whole, steps;
  PlainSession(original()).forward(prompt_, &whole);
  PlainSession session(original());
  for (const std::int32_t token : prompt_) session.forward({token}, &steps);
  for (const Ranges* got : {&whole, &steps}) {
    ASSERT_EQ(got->layers.size(), layers);
    for (std::size_t i = 0; i < layers; ++i) {
      const nlohmann::json& want = expected_["ranges"][i];
      EXPECT_TRUE(near(got->layers[i].row_norm, want["row_norm"])) << i;
      EXPECT_TRUE(near(got->layers[i].gate, want["gate"])) << i;
      EXPECT_TRUE(near(got->layers[i].product, want["product"])) << i;
      EXPECT_TRUE(near(got->layers[i].value, want["value"])) << i;
      EXPECT_TRUE(near(got->layers[i].score, want["score"])) << i;
    }
    EXPECT_TRUE(near(got->last_norm, expected_["ranges"][layers]["last_norm"]));
  }
}

TEST_F(PlainTest, WhatCannotBeContinuedIsRefusedAndChangesNothing) {
  PlainSession session(original());
  session.forward(prompt_);
  EXPECT_TRUE(says(refusal([&] { session.forward({}); }), "no token"));
  EXPECT_TRUE(says(refusal([&] { session.forward({1, 300}); }), "token 300 is outside the vocabulary"));
  EXPECT_TRUE(says(refusal([&] { session.forward({-1}); }), "token -1"));
  EXPECT_TRUE(says(refusal([&] { session.forward(Tokens(2042, 1)); }), "2049 tokens are more than the 2048 positions"));
  PlainSession late(original());
  late.skip(2047);
  EXPECT_TRUE(says(refusal([&] { late.forward({1, 2}); }), "2049 tokens are more than the 2048 positions"));
  EXPECT_EQ(session.length(), prompt_.size());
  EXPECT_LT(relative_error(session.forward({further_[0]}), logits_[1]), kFloatError);
}

// The integers of a model file: weights rounded to 2^-16 where their own spread is 0.08 is 1e-4 a matrix, and a row with an
// exponent more. All of it moves these logits by 3e-4 to 6e-4; an error in a scale or a gain would by 1e-2 or more.
constexpr double kQuantisationError = 1e-3;

class PlainFileTest : public PlainTest {
 protected:
  PlainFileTest() { io::convert(kSmallModel, folder_ / "model.h5", {}); }
  CacheFolder no_cache_;
  TemporaryFolder folder_;
};

TEST_F(PlainFileTest, AModelFileGivesTheLogitsWithinItsQuantisation) {
  const PlainModel model(folder_ / "model.h5");
  PlainSession session(model);
  const double error = relative_error(session.forward(prompt_), logits_[0]);
  EXPECT_LT(error, kQuantisationError);
  EXPECT_GT(error, 1e-7);  // it is the quantised model that runs
  for (std::size_t n = 0; n < further_.size(); ++n)
    EXPECT_LT(relative_error(session.forward({further_[n]}), logits_[n + 1]), kQuantisationError);
}

TEST_F(PlainFileTest, BothKindsOfModelTellTheirTextsAndShape) {
  const PlainModel model(folder_ / "model.h5");
  EXPECT_EQ(model.tokenizer_json(), original().tokenizer_json());
  EXPECT_EQ(model.chat_template(), original().chat_template());
  EXPECT_EQ(model.config().hidden, original().config().hidden);
  EXPECT_EQ(model.config().end_tokens, original().config().end_tokens);
}

TEST_F(PlainFileTest, ATiedHeadIsTheEmbedding) {
  const std::string copy = copy_small_model(folder_);
  nlohmann::json config = read_json(copy + "/config.json");
  config["tie_word_embeddings"] = true;
  write_file(copy + "/config.json", config.dump());
  io::convert(copy, folder_ / "tied.h5", {});
  const Logits folder = prefill(PlainModel(copy), prompt_), file = prefill(PlainModel(folder_ / "tied.h5"), prompt_);
  EXPECT_LT(relative_error(file, folder), kQuantisationError);
  EXPECT_GT(relative_error(folder, logits_[0]), 0.1);
}

TEST_F(PlainFileTest, WhatIsNoModelIsRefused) {
  EXPECT_TRUE(says(refusal([&] { PlainModel{folder_ / "none"}; }), "cannot read"));
  EXPECT_TRUE(says(refusal([&] { PlainModel{folder_.path()}; }), "config.json"));
}

}  // namespace
}  // namespace shardlm::qwen
