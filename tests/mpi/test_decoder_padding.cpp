// Padding on four ranks: a prompt of a public length of which nobody but the client knows how much is text. Without protocol's client and
// serve(): the test itself sends what a client would, so that it can put padding wherever a Decoder takes it.
#include <optional>

#include "uniformity.hpp"
#include "view.hpp"

namespace shardlm {
namespace {

using net::Kind;
using net::Lane;
using net::Role;
using testing::best;
using testing::is;
using testing::Logits;
using testing::relative_error;
using testing::some_tokens;
using testing::TestModel;
using testing::Tokens;
using testing::world;

constexpr double kBound = 0.01;  // as in test_decoder

// A step's tokens; of a padded one a bias for each.
struct Step {
  Tokens tokens;
  std::vector<Word> biases;
};

Step padded(const Tokens& padding, const Tokens& text) {
  Step step{padding, std::vector<Word>(padding.size(), encode(kPaddingBias, 0))};
  step.tokens.insert(step.tokens.end(), text.begin(), text.end());
  step.biases.resize(step.tokens.size(), 0);
  return step;
}

Tokens operator+(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Tokens part(const Tokens& text, std::size_t from, std::size_t to) {
  return Tokens(text.begin() + std::ptrdiff_t(from), text.begin() + std::ptrdiff_t(to));
}

// One conversation, as this rank has it.
class Conversation {
 public:
  Conversation(const TestModel& model, std::size_t capacity) : model_(model) {
    if (!is(Role::client)) decoder_.emplace(model.model(), capacity, model.choices().engine);
  }

  // The client's logits after each step; none on other ranks.
  std::vector<Logits> turn(const std::vector<Step>& steps, std::size_t kept = 0) {
    const testing::Request request;
    std::vector<Logits> logits;
    if (decoder_) decoder_->truncate(kept);
    for (const Step& step : steps) {
      if (is(Role::client)) {
        send(request, embedded(step.tokens));
        if (!step.biases.empty()) send(request, step.biases);
        logits.push_back(receive(request));
      } else {
        decoder_->step(request.party(), step.tokens.size(), !step.biases.empty());
      }
    }
    if (request.takes_part()) costs_ = request.party().costs();
    return logits;
  }
  const mpc::Costs& costs() const { return costs_; }  // of the last turn

 private:
  std::vector<Word> embedded(const Tokens& tokens) const {
    const std::size_t hidden = model_.file().config().hidden;
    std::vector<float> row(hidden);
    std::vector<Word> words;
    for (std::int32_t token : tokens) {
      model_.file().embedding(std::size_t(token), row.data());
      for (float value : row) words.push_back(encode(value, kResidualScale));
    }
    return words;
  }
  static void send(const testing::Request& request, std::vector<Word> words) {
    const crypto::Key key = crypto::random_key();
    const std::vector<Word> first = to_host(Tensor({words.size()}, crypto::Stream(key).words(words.size(), 64)));
    for (std::size_t i = 0; i < words.size(); ++i) words[i] -= first[i];
    world().send_now(Role::server0, Lane::control, Kind::embedding, request.id(), key.data(), sizeof key);
    world().send_now(Role::server1, Lane::control, Kind::embedding, request.id(), words.data(), words.size() * sizeof(Word));
  }
  Logits receive(const testing::Request& request) const {
    std::vector<Word> sum(model_.file().config().vocabulary, 0);
    for (Role role : {Role::server0, Role::server1, Role::dealer}) {
      const auto bytes = world().receive_now(role, Lane::output, Kind::logits, request.id());
      EXPECT_EQ(bytes.size(), sum.size() * sizeof(Word));
      for (std::size_t i = 0; i < sum.size(); ++i) {
        Word share;
        std::memcpy(&share, &bytes[i * sizeof share], sizeof share);
        sum[i] += share;
      }
    }
    Logits logits;
    for (Word w : sum) logits.push_back(float(decode(w, qwen::kLogitScale)));
    return logits;
  }

  const TestModel& model_;
  std::optional<qwen::Decoder> decoder_;  // none on the client
  mpc::Costs costs_;
};

class Padding : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    demo_ = new testing::TestModels(testing::demo_folder());
    small_ = new testing::TestModels(test::kSmallModel);
  }
  static void TearDownTestSuite() {
    world().gather_all("");
    delete demo_;
    delete small_;
  }
  static const TestModel& model() { return demo_->of(GetParam()); }
  static const TestModel& small() { return small_->of(GetParam()); }
  // Two kinds of padding that could hardly differ more: a text's end again and again, and all sorts.
  static Tokens ends(std::size_t n) { return Tokens(n, model().file().config().end_tokens[0]); }
  static Tokens sorts(std::size_t n) { return some_tokens(n, model().file().config().vocabulary, 8); }

 private:
  inline static testing::TestModels *demo_ = nullptr, *small_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(All, Padding, ::testing::ValuesIn(testing::kProtocols), testing::name_of);

// Without padding, with some, and with more of it than of text; each followed by steps that are not padded.
TEST_P(Padding, APromptBehindPaddingAndWhatFollowsItAreAnsweredAsThePromptAlone) {
  double largest = 0, apart = 0;
  for (const Tokens& prompt : testing::demo_prompts(model().file(), 2)) {
    const Tokens further{7, 300, 41};
    std::vector<Logits> want;
    if (is(Role::client)) {
      const qwen::PlainModel plain(model().path());
      qwen::PlainSession session(plain);
      want.push_back(session.forward(prompt));
      for (std::int32_t token : further) want.push_back(session.forward({token}));
    }
    for (std::size_t n : {0, 1, 6, 45}) {
      std::vector<std::vector<Logits>> got;
      for (const Tokens& padding : {ends(n), sorts(n)}) {
        Conversation conversation(model(), n + prompt.size() + further.size());
        std::vector<Step> steps{padded(padding, prompt)};
        for (std::int32_t token : further) steps.push_back({{token}, {}});
        got.push_back(conversation.turn(steps));
      }
      for (std::size_t i = 0; i < want.size(); ++i) {
        for (const std::vector<Logits>& logits : got) {
          EXPECT_LT(relative_error(logits[i], want[i]), kBound) << n << " + " << i;
          EXPECT_EQ(best(logits[i]), best(want[i])) << n << " + " << i;
          largest = std::max(largest, relative_error(logits[i], want[i]));
        }
        apart = std::max(apart, relative_error(got[0][i], got[1][i]));
      }
    }
  }
  EXPECT_LT(apart, kBound);
  if (is(Role::client)) std::printf("largest relative error behind padding: %.5f; between two paddings: %.5f\n", largest, apart);
}

// Between two texts padding is a gap: the plaintext engine leaves the same positions empty.
TEST_P(Padding, WithinAConversationPaddingIsAGapOfPositionsWhateverItHolds) {
  const Tokens text = testing::demo_prompts(model().file(), 1)[0];
  const Tokens first = part(text, 0, 9), second = part(text, 9, 14), third = part(text, 14, 19);
  std::vector<Logits> want;
  double unlike = 0;
  if (is(Role::client)) {
    const qwen::PlainModel plain(model().path());
    qwen::PlainSession session(plain);
    want.push_back(session.forward(first));
    session.skip(11);
    want.push_back(session.forward(second));
    want.push_back(session.forward({5}));
    want.push_back(session.forward(third));
    unlike = relative_error(qwen::PlainSession(plain).forward(first + second), want[1]);
  }
  std::vector<std::vector<Logits>> got;
  for (const Tokens& padding : {ends(11), sorts(11)}) {
    Conversation conversation(model(), 40);
    got.push_back(conversation.turn({{first, {}}}));
    for (const Logits& logits : conversation.turn({padded(padding, second), {{5}, {}}}, 9)) got.back().push_back(logits);
    for (const Logits& logits : conversation.turn({{third, {}}}, 26)) got.back().push_back(logits);
  }
  for (const std::vector<Logits>& logits : got)
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_LT(relative_error(logits[i], want[i]), kBound) << i;
  if (is(Role::client)) std::printf("a gap of 11 positions changes the logits by %.5f\n", unlike);
}

TEST_P(Padding, WhatIsForgottenWasNeverPadding) {
  const Tokens text = testing::demo_prompts(model().file(), 1)[0];
  const Tokens first = part(text, 0, 6), second = part(text, 6, 11), rest = part(text, 11, 19);
  Conversation conversation(model(), 40);
  const auto check = [&](const std::vector<Logits>& got, const std::vector<Logits>& want) {
    ASSERT_EQ(got.size(), is(Role::client) ? 1u : 0u);
    if (is(Role::client)) EXPECT_LT(relative_error(got[0], want[0]), kBound);
  };
  const auto plain = [&](const Tokens& before, std::size_t gap, const Tokens& after) -> std::vector<Logits> {
    if (!is(Role::client)) return {};
    const qwen::PlainModel model(Padding::model().path());
    qwen::PlainSession session(model);
    if (!before.empty()) session.forward(before);
    session.skip(gap);
    return {session.forward(after)};
  };
  conversation.turn({{first, {}}});
  check(conversation.turn({padded(sorts(4), second)}, 6), plain(first, 4, second));
  check(conversation.turn({{rest, {}}}, 6), plain(first, 0, rest));  // all that the padded step brought
  check(conversation.turn({padded(sorts(4), second)}, 6), plain(first, 4, second));
  check(conversation.turn({{rest, {}}}, 8), plain(first, 2, rest));  // all but two of its padding
  check(conversation.turn({padded(sorts(5), first)}), plain({}, 0, first));
  check(conversation.turn({{rest, {}}}, 3), plain({}, 0, rest));  // nothing is left but padding
}

TEST_P(Padding, CostsNothingButItsLength) {
  for (std::size_t n : {1, 5, 17}) {
    Conversation conversation(model(), n + 2);
    const auto opened = world().sent(Lane::opening);
    conversation.turn({padded(sorts(n - 1), {3}), {{5}, {}}, {{6}, {}}});
    mpc::Costs want = qwen::predict(model().shapes(), n, 2, 0, model().choices().engine);
    if (is(Role::dealer)) {
      EXPECT_EQ(conversation.costs().dealt_bytes, want.dealt_bytes) << n;
      EXPECT_EQ(conversation.costs().key_bytes, want.key_bytes) << n;
    }
    if (!is(Role::server0) && !is(Role::server1)) continue;
    want.dealt_bytes = 0;  // which the dealer counts
    EXPECT_EQ(conversation.costs(), want) << n;
    EXPECT_EQ(world().sent(Lane::opening).messages - opened.messages, want.rounds);
    EXPECT_EQ(world().sent(Lane::opening).bytes - opened.bytes, want.opened_bytes);
  }
}

TEST_P(Padding, TheLedgerCountsAPaddedStepAsOneOfItsLength) {
  const qwen::Model shapes = model().shapes();
  const qwen::Engine engine = model().choices().engine;
  for (std::size_t past : {0, 4}) {
    mpc::Ledger ledger;
    qwen::Decoder decoder(shapes, past + 12, engine);
    decoder.assume(past);
    decoder.step(ledger, 10, true);
    for (int i = 0; i < 2; ++i) decoder.step(ledger, 1);
    EXPECT_EQ(ledger.costs(), qwen::predict(shapes, 10, 2, past, engine)) << past;
  }
}

// What this rank receives in a padded turn: the openings and inputs of one without padding, of the same length, and the biases.
testing::Listed expected(const TestModel& model, std::size_t prompt, std::size_t further) {
  const bool first = is(Role::server0);
  const testing::Listed all = testing::Simulator::list(model.file().config(), world().role(), prompt, further, 0, true, model.choices());
  testing::Listed kept;
  for (std::size_t i = 0; i < all.messages.size(); ++i) {
    const bool input = all.messages[i].find(": embedding, ") != std::string::npos;
    if (!input && all.messages[i].find(": opening, ") == std::string::npos) continue;
    kept.messages.push_back(all.messages[i]);
    kept.fields.push_back(all.fields[i]);
    if (kept.messages.size() > 1) continue;
    const testing::Field biases = first ? testing::Field{"keys", 32, 8} : testing::Field{"biases", prompt, 64};
    kept.messages.push_back(testing::as_line("client", "embedding", biases.bytes()));
    kept.fields.push_back({biases});
  }
  kept.records = all.records;
  kept.fields.insert(kept.fields.end(), all.fields.begin() + std::ptrdiff_t(all.messages.size()), all.fields.end());
  return kept;
}

// A false alarm with probability 1.5e-6: 3 protocols, 2 servers, at most kMostTests tests of kFalseAlarm each.
TEST_P(Padding, AServerReceivesTheSameUniformWordsWhateverIsPaddingAndTheDealerNothing) {
  constexpr std::size_t kTokens = 6;
  constexpr int kRequests = 40;  // of each
  const Step steps[] = {padded({}, {17, 298, 5, 120, 3, 211}), padded({0, 0, 0, 0, 0}, {3})};
  const bool server = is(Role::server0) || is(Role::server1);
  const testing::Listed want = server ? expected(small(), kTokens, 1) : testing::Listed();
  testing::Uniformity uniformity;
  for (int i = 0; i < 2 * kRequests; ++i) {
    testing::Recorded recorded;
    world().observe([&recorded](const net::World::Message& m) { recorded.take(m); });
    Conversation(small(), kTokens + 1).turn({steps[i % 2], {{9}, {}}});
    world().observe({});
    if (is(Role::client)) continue;
    const testing::Listed got = recorded.list();
    ASSERT_EQ(got.messages, want.messages);
    ASSERT_EQ(got.records, want.records);
    uniformity.begin(i % 2);
    if (server)
      testing::for_each_field(want, recorded,
                              [&](const testing::Field& f, const std::uint8_t* at) { uniformity.values(f.kind, at, f.n, f.k); });
  }
  if (!server) return;
  EXPECT_EQ(uniformity.complaints(), std::vector<std::string>());
  EXPECT_LE(uniformity.tests(), testing::kMostTests);
  EXPECT_GT(uniformity.tests(), 50);
}

}  // namespace
}  // namespace shardlm
