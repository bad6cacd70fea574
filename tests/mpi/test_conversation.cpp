// Conversations of several turns on four ranks: keys and values are kept, only new tokens are computed, nothing is used twice.
#include <set>
#include <unordered_set>

#include "session.hpp"

namespace shardlm {
namespace {

using net::Role;
using testing::best;
using testing::is;
using testing::Logits;
using testing::relative_error;
using testing::session;
using testing::some_tokens;
using testing::TestModel;
using testing::Tokens;
using testing::world;

constexpr double kBound = 0.01;  // as in test_decoder
constexpr std::size_t kRoom = 200;

class Conversation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = new TestModel(testing::demo_folder()); }
  static void TearDownTestSuite() {
    world().gather_all("");  // the client's folder goes with its model
    delete model_;
    model_ = nullptr;
  }
  static const TestModel& model() { return *model_; }
  static std::size_t vocabulary() { return model().file().config().vocabulary; }

 private:
  static TestModel* model_;
};

TestModel* Conversation::model_ = nullptr;

// A turn, and the conversation's tokens so far.
struct Turn {
  std::vector<Logits> logits;
  std::array<protocol::Report, net::kParties> reports;
};
Turn turn(protocol::Client& client, Tokens& text, const Tokens& prompt, const Tokens& further, std::size_t announced) {
  Turn turn;
  client.announce(prompt.size(), announced, text.size(), kRoom);
  turn.logits.push_back(client.step(prompt));
  for (std::int32_t token : further) turn.logits.push_back(client.step({token}));
  turn.reports = client.finish();
  text.insert(text.end(), prompt.begin(), prompt.end());
  text.insert(text.end(), further.begin(), further.end());
  return turn;
}

Tokens parts_of(const Tokens& text, std::size_t from, std::size_t to) {
  return Tokens(text.begin() + std::ptrdiff_t(from), text.begin() + std::ptrdiff_t(to));
}

// A text in which every turn makes sense: the demo's questions, one after the other.
Tokens long_text(const TestModel& model, std::size_t n) {
  Tokens text;
  for (const Tokens& prompt : testing::demo_prompts(model.file(), 5)) text.insert(text.end(), prompt.begin(), prompt.end());
  EXPECT_GE(text.size(), n);
  text.resize(n);
  return text;
}

TEST_F(Conversation, ThreeTurnsAreOnePrefillOfTheWholeText) {
  session(model(), [&](protocol::Client& client) {
    const Tokens whole = long_text(model(), 90);
    Tokens text;
    std::vector<std::pair<std::size_t, Logits>> after;             // logits after so many tokens
    const std::size_t ends[][2] = {{25, 28}, {60, 60}, {61, 65}};  // of the prompt, of the tokens that follow it
    for (const auto& [prompt, further] : ends) {
      const std::size_t past = text.size();
      const Turn t = turn(client, text, parts_of(whole, past, prompt), parts_of(whole, prompt, further), further - prompt);
      EXPECT_EQ(client.length(), further);
      for (std::size_t i = 0; i < t.logits.size(); ++i) after.emplace_back(prompt + i, t.logits[i]);
    }
    const qwen::PlainModel plain(model().path());
    for (const auto& [length, logits] : after) {
      const Tokens so_far = parts_of(whole, 0, length);
      EXPECT_LT(relative_error(logits, qwen::PlainSession(plain).forward(so_far)), kBound) << length;
      EXPECT_LT(relative_error(logits, testing::request(client, so_far).logits[0]), kBound) << length;
    }
  });
}

// The dealer has dealt beyond the answer's end, and may be stopped within a step; the others are where the client is. Both are cut
// back to what is kept, which may be less than that.
TEST_F(Conversation, ATurnFollowsAnAnswerThatEndedEarlyOrIsTakenBack) {
  protocol::ServeOptions little;
  little.dealer_ahead = std::size_t{4} << 20;
  for (const protocol::ServeOptions& options : {protocol::ServeOptions(), little}) {
    session(
        model(),
        [&](protocol::Client& client) {
          const qwen::PlainModel plain(model().path());
          const Tokens whole = long_text(model(), 80);
          Tokens text;
          const auto check = [&](const Logits& logits) {
            EXPECT_LT(relative_error(logits, qwen::PlainSession(plain).forward(text)), kBound);
          };
          const Turn early = turn(client, text, parts_of(whole, 0, 20), parts_of(whole, 20, 22), 40);
          EXPECT_EQ(early.reports[1].steps, 3u);
          check(early.logits.back());
          check(turn(client, text, parts_of(whole, 22, 40), {}, 60).logits.back());

          client.announce(5, 20, text.size(), kRoom);  // given up before its prompt
          client.finish();
          check(turn(client, text, parts_of(whole, 40, 50), parts_of(whole, 50, 53), 3).logits.back());

          text.resize(31);  // back into the second turn's prompt
          check(turn(client, text, parts_of(whole, 60, 72), {7, 8}, 10).logits.back());
        },
        options);
  }
}

TEST_F(Conversation, ATurnCostsExactlyWhatTheLedgerPredicts) {
  const qwen::Model shapes(model().file().config());
  session(model(), [&](protocol::Client& client) {
    Tokens text;
    const std::size_t turns[][3] = {{17, 3, 3}, {1, 0, 30}, {22, 5, 5}, {2, 2, 50}};  // prompt, further, announced
    for (const auto& [prompt, further, announced] : turns) {
      const std::size_t past = text.size();
      const auto reports =
          turn(client, text, some_tokens(prompt, vocabulary(), 1), some_tokens(further, vocabulary(), 2), announced).reports;
      mpc::Costs want = qwen::predict(shapes, prompt, further, past);
      EXPECT_EQ(reports[2].costs, want) << past << " + " << prompt << " + " << further;
      want.dealt_bytes = 0;  // server 0 draws its own half of every word
      EXPECT_EQ(reports[1].costs, want);
    }
  });
}

TEST_F(Conversation, ATurnAfterKeptTokensIsPredictedToCostMoreThanAloneAndLessThanTheWhole) {
  const qwen::Model shapes(model().file().config());
  const auto alone = qwen::predict(shapes, 10, 2), after = qwen::predict(shapes, 10, 2, 50), whole = qwen::predict(shapes, 60, 2);
  EXPECT_LT(alone.opened_bytes, after.opened_bytes);
  EXPECT_LT(after.opened_bytes, whole.opened_bytes);
  EXPECT_LT(after.key_bytes, whole.key_bytes);
  EXPECT_EQ(after.rounds, whole.rounds);
}

TEST_F(Conversation, WhatDoesNotContinueItIsRefusedByTheClientItself) {
  session(model(), [&](protocol::Client& client) {
    EXPECT_THROW(client.announce(3, 0, 1, kRoom), Error);  // nothing is kept yet
    EXPECT_THROW(client.announce(3, 0, 0, 2000), Error);   // more room than the model has positions
    Tokens text;
    turn(client, text, some_tokens(9, vocabulary(), 1), {5}, 4);
    EXPECT_THROW(client.announce(3, 0, 11, kRoom), Error);
    EXPECT_THROW(client.announce(3, 0, 10, kRoom + 1), Error);
    EXPECT_THROW(client.announce(100, kRoom - 109, 10, kRoom), Error);
    turn(client, text, some_tokens(100, vocabulary(), 2), {}, kRoom - 110);  // to the last token
  });
}

// What this rank sent and received in one request, cut into pieces of 16 bytes. Openings leave bits unused, and a piece still holds
// more than 80 random ones, so two are equal by chance in one of 2^80 pairs, of which there are less than 2^40.
struct Seen {
  std::unordered_set<std::string> openings;
  std::vector<std::string> keys;
};

TEST_F(Conversation, EveryTurnHasKeysAndMasksOfItsOwn) {
  std::vector<Seen> turns;
  std::uint64_t request = 0;
  world().observe([&](const net::World::Message& m) {
    if (m.lane == net::Lane::collective || m.request == 0) return;
    if (m.request != request) turns.emplace_back();
    request = m.request;
    const std::string bytes(m.data, m.data + m.size);
    if (m.kind == net::Kind::opening)
      for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) turns.back().openings.insert(bytes.substr(at, 16));
    if (!m.sent && (m.kind == net::Kind::key || (m.kind == net::Kind::embedding && is(Role::server0))))
      turns.back().keys.push_back(bytes.substr(0, sizeof(crypto::Key)));
  });
  session(model(), [&](protocol::Client& client) {
    Tokens text;
    const Tokens question = some_tokens(12, vocabulary(), 3);
    turn(client, text, some_tokens(9, vocabulary(), 1), {5}, 1);
    for (int again = 0; again < 2; ++again) {  // the same tokens at the same places, twice
      text.resize(10);
      turn(client, text, question, {1, 2}, 2);
    }
  });
  world().observe({});
  if (!is(Role::server0) && !is(Role::server1)) return;
  ASSERT_EQ(turns.size(), 3u);
  std::set<std::string> keys;
  std::size_t count = 0;
  for (const Seen& t : turns) {
    keys.insert(t.keys.begin(), t.keys.end());
    count += t.keys.size();
  }
  EXPECT_EQ(count, is(Role::server0) ? 3 * 1 + 2 + 3 + 3u : 3 * 2u);  // K0 and a key a step, or K1 and K01
  EXPECT_EQ(keys.size(), count);
  for (std::size_t a = 0; a < turns.size(); ++a) {
    EXPECT_GT(turns[a].openings.size(), 1000u);
    for (std::size_t b = 0; b < a; ++b)
      for (const std::string& piece : turns[a].openings) ASSERT_EQ(turns[b].openings.count(piece), 0u) << a << ", " << b;
  }
}

}  // namespace
}  // namespace shardlm
