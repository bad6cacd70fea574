// Many whole passes: rare wraps at the ends of tables and rings are how such protocols fail, silently, so they are looked for
// in numbers.
#include "session.hpp"

namespace shardlm {
namespace {

using testing::best;
using testing::request;
using testing::session;
using testing::Tokens;
using testing::world;

using Passes = testing::OnTheDemo;
using testing::TestModel;

double largest_error(const testing::Logits& got, const testing::Logits& want) {
  double largest = 0;
  for (std::size_t i = 0; i < want.size(); ++i) largest = std::max(largest, std::abs(double(got[i]) - want[i]));
  return largest;
}

void expect_no_outlier(const TestModel& model, std::size_t passes) {
  session(model, [&](protocol::Client& client) {
    const qwen::PlainModel plain(model.path());
    const text::Tokenizer tokenizer(model.file().tokenizer_json());
    for (const char* prompt : {"What is the capital of Peru?", "How much is 16 + 16?", "The opposite of hot is", "7"}) {
      const Tokens tokens = tokenizer.encode(prompt);
      const testing::Logits want = qwen::PlainSession(plain).forward(tokens);
      std::vector<double> errors;
      double relative = 0;
      for (std::size_t i = 0; i < passes; ++i) {
        const testing::Logits got = request(client, tokens).logits[0];
        errors.push_back(largest_error(got, want));
        relative = std::max(relative, testing::relative_error(got, want));
      }
      std::sort(errors.begin(), errors.end());
      const double median = errors[passes / 2];
      std::printf("\"%s\" (%zu tokens), %zu passes: largest logit error of a pass: median %.5f, largest %.5f; rms of spread at most %.5f\n",
                  prompt, tokens.size(), passes, median, errors.back(), relative);
      std::fflush(stdout);
      EXPECT_GT(errors.front(), 0);
      EXPECT_GT(errors.back(), errors.front());  // fresh randomness rounds in another way
      EXPECT_LT(errors.back(), 10 * median) << prompt;
      EXPECT_LT(relative, 0.01) << prompt;
    }
  });
}

TEST_F(Passes, TwoThousandFreshPassesHaveNoOutlier) { expect_no_outlier(model(), 500); }

TEST_F(Passes, FourHundredPassesOfEachOtherProtocolHaveNone) {
  testing::TestModels models(testing::demo_folder());
  for (const char* protocol : {"v2", "v3-mpc"}) expect_no_outlier(models.of(protocol), 100);
  world().gather_all("");
}

// The greedy answer, without the token that ends it; `next` gives the logits after some more tokens.
template <class F>
Tokens answer(const io::ModelConfig& config, const Tokens& prompt, std::size_t most, const F& next) {
  Tokens answer, fresh = prompt;
  while (answer.size() < most) {
    const std::int32_t token = best(next(fresh));
    if (std::count(config.end_tokens.begin(), config.end_tokens.end(), token)) break;
    answer.push_back(token);
    fresh = {token};
  }
  return answer;
}

TEST_F(Passes, AHundredAnswersAreThePlaintextEngines) {
  constexpr std::size_t kMost = 32;
  session(model(), [&](protocol::Client& client) {
    const io::ModelConfig& config = model().file().config();
    const qwen::PlainModel plain(model().path());
    const text::Tokenizer tokenizer(model().file().tokenizer_json());
    const std::vector<Tokens> prompts = testing::demo_prompts(model().file(), 100);
    ASSERT_EQ(prompts.size(), 100u);
    std::size_t equal = 0, tokens = 0;
    for (const Tokens& prompt : prompts) {
      qwen::PlainSession known(plain);
      const Tokens want = answer(config, prompt, kMost, [&](const Tokens& fresh) { return known.forward(fresh); });
      client.announce({prompt.size(), kMost - 1});
      const Tokens got = answer(config, prompt, kMost, [&](const Tokens& fresh) { return client.step(fresh); });
      client.finish();
      EXPECT_LT(want.size(), kMost) << "the model did not end its answer";
      EXPECT_FALSE(want.empty());
      EXPECT_EQ(got, want) << tokenizer.decode(got) << "\nis not\n" << tokenizer.decode(want);
      equal += got == want;
      tokens += got.size();
    }
    std::printf("%zu of 100 answers (%zu tokens) are equal\n", equal, tokens);
  });
}

}  // namespace
}  // namespace shardlm
