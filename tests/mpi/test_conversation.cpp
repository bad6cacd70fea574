// Conversations of several turns on four ranks: keys and values are kept, only new tokens are computed, nothing is used twice.
#include <set>

#include "view.hpp"

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

using Conversation = testing::OnTheDemo;

// A turn, and the conversation's tokens so far.
struct Turn {
  std::vector<Logits> logits;
  std::array<protocol::Report, net::kParties> reports;
};
Turn turn(protocol::Client& client, Tokens& text, const Tokens& prompt, const Tokens& further, std::size_t announced) {
  Turn turn;
  client.announce({prompt.size(), announced, text.size(), kRoom});
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

          client.announce({5, 20, text.size(), kRoom});  // given up before its prompt
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
    EXPECT_THROW((client.announce({3, 0, 1, kRoom})), Error);  // nothing is kept yet
    EXPECT_THROW((client.announce({3, 0, 0, 2000})), Error);   // more room than the model has positions
    Tokens text;
    turn(client, text, some_tokens(9, vocabulary(), 1), {5}, 4);
    EXPECT_THROW((client.announce({3, 0, 11, kRoom})), Error);
    EXPECT_THROW((client.announce({3, 0, 10, kRoom + 1})), Error);
    EXPECT_THROW((client.announce({100, kRoom - 109, 10, kRoom})), Error);
    turn(client, text, some_tokens(100, vocabulary(), 2), {}, kRoom - 110);  // to the last token
  });
}

// What this rank sees, turn by turn, of a conversation in which the same question is put twice at the same place.
std::vector<testing::Recorded> record_turns(const TestModel& model, const Tokens& beginning, const Tokens& question,
                                            const Tokens& further) {
  std::vector<testing::Recorded> turns;
  world().observe([&turns](const net::World::Message& m) {
    if (!m.sent && m.kind == net::Kind::request && m.request == 0) turns.emplace_back();  // an announcement
    if (!turns.empty()) turns.back().take(m);
  });
  session(model, [&](protocol::Client& client) {
    Tokens text;
    turn(client, text, beginning, {}, 0);
    for (int again = 0; again < 2; ++again) {
      text.resize(beginning.size());
      turn(client, text, question, further, further.size());
    }
  });
  world().observe({});
  return turns;
}

TEST_F(Conversation, AServerSeesOfALaterTurnWhatASimulatorListsFromShapesAloneUnderFreshMasks) {
  const Tokens beginning = some_tokens(9, vocabulary(), 1), question = some_tokens(12, vocabulary(), 3), further{1, 2};
  std::vector<testing::Recorded> turns = record_turns(model(), beginning, question, further);
  if (!is(Role::server0) && !is(Role::server1)) return;
  ASSERT_EQ(turns.size(), 3u);
  std::vector<std::vector<testing::Opened>> opened;
  for (int i : {1, 2}) {
    const testing::Listed want =
        testing::Simulator::list(model().file().config(), world().role(), question.size(), further.size(), beginning.size(), i == 2);
    const testing::Listed got = turns[i].list();
    EXPECT_EQ(got.messages, want.messages);
    EXPECT_EQ(got.records, want.records);
    opened.push_back(testing::opened(want, turns[i]));
  }
  // The secrets of both are the same but for their rounding, so with the same masks most of these would be equal. With fresh ones of
  // at least 40 bits, one among fewer than a million is equal by chance with probability 1e-6.
  std::size_t values = 0, equal = 0;
  ASSERT_EQ(opened[0].size(), opened[1].size());
  for (std::size_t w = 0; w < opened[0].size(); ++w) {
    if (opened[0][w].ring < 40) continue;
    for (std::size_t j = 0; j < opened[0][w].v.size(); ++j) equal += opened[0][w].v[j] == opened[1][w].v[j];
    values += opened[0][w].v.size();
  }
  EXPECT_GT(values, 10000u);
  EXPECT_LT(values, 1000000u);
  EXPECT_EQ(equal, 0u);
}

TEST_F(Conversation, EveryTurnHasKeysOfItsOwn) {
  std::vector<std::string> keys;
  world().observe([&](const net::World::Message& m) {
    if (!m.sent && (m.kind == net::Kind::key || (m.kind == net::Kind::embedding && is(Role::server0))))
      keys.emplace_back(m.data, m.data + sizeof(crypto::Key));
  });
  session(model(), [&](protocol::Client& client) {
    Tokens text;
    for (int i = 0; i < 3; ++i) turn(client, text, some_tokens(4, vocabulary(), 1), {5}, 1);
  });
  world().observe({});
  if (is(Role::server0)) EXPECT_EQ(keys.size(), 3 * 3u);  // K0, and the client's key of two steps
  if (is(Role::server1)) EXPECT_EQ(keys.size(), 3 * 2u);  // K1 and K01
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
}

}  // namespace
}  // namespace shardlm
