// Whole requests on four ranks: what they cost, that they are right, and that they can follow one another.
#include "session.hpp"

namespace shardlm {
namespace {

using net::Lane;
using net::Role;
using testing::best;
using testing::is;
using testing::relative_error;
using testing::request;
using testing::session;
using testing::some_tokens;
using testing::TestModel;
using testing::Tokens;
using testing::world;

// The private engine rounds to 12 and 15 fractional bits where float has 24; its answers stay well within one per cent of the
// logits' own spread.
constexpr double kBound = 0.01;

using Decoding = testing::OnTheDemo;

// The same under every protocol.
class Protocols : public testing::OnEverySetting {
 protected:
  static mpc::Costs predict(std::size_t prompt, std::size_t further) {
    return qwen::predict(model().shapes(), prompt, further, 0, model().choices().engine);
  }
};
INSTANTIATE_TEST_SUITE_P(All, Protocols, ::testing::ValuesIn(testing::kProtocols), testing::name_of);

std::uint64_t ceil_log4(std::size_t n) {
  std::uint64_t levels = 0;
  for (std::size_t reach = 1; reach < n; reach *= 4) ++levels;
  return levels;
}

TEST_P(Protocols, ARunCostsExactlyWhatTheLedgerPredicts) {
  for (std::size_t prompt : {1, 2, 5, 16, 17}) {
    for (std::size_t further : {0, 3}) {
      const auto opened = world().sent(Lane::opening);
      mpc::Costs want = predict(prompt, further);
      session(model(), [&](protocol::Client& client) {
        const auto reports = request(client, some_tokens(prompt, vocabulary(), 1), some_tokens(further, vocabulary(), 2)).reports;
        EXPECT_EQ(reports[2].costs, want) << prompt << " + " << further;
        mpc::Costs dealer = reports[3].costs, server0 = want;
        EXPECT_EQ(dealer.dealt_bytes, want.dealt_bytes);
        EXPECT_EQ(dealer.key_bytes, want.key_bytes);
        server0.dealt_bytes = 0;  // it draws its own half of every word
        EXPECT_EQ(reports[1].costs, server0);
        for (int rank : {1, 2, 3}) EXPECT_EQ(reports[rank].steps, 1 + further);
      });
      if (is(Role::server0) || is(Role::server1)) {
        EXPECT_EQ(world().sent(Lane::opening).messages - opened.messages, want.rounds);
        EXPECT_EQ(world().sent(Lane::opening).bytes - opened.bytes, want.opened_bytes);
      }
    }
  }
}

// Secret weights: q k v, o, gate and up, and the MLP's product are opened once more. Shares alone: every operation opens.
TEST_P(Protocols, ALayerTakesItsRoundsAnd2MoreForEachLevelOfTheMaximum) {
  const std::map<std::string, std::uint64_t> layer{{"v2", 32}, {"v3", 21}, {"v3-mpc", 25}};
  for (std::size_t prompt : {1, 2, 4, 5, 16, 17, 64, 65}) {
    for (std::size_t further : {0, 1, 3}) {
      std::uint64_t rounds = 0;
      for (std::size_t context = prompt; context <= prompt + further; ++context)
        rounds += model().file().config().layers * (layer.at(GetParam()) + 2 * ceil_log4(context)) + 6;
      EXPECT_EQ(predict(prompt, further).rounds, rounds) << prompt << " + " << further;
    }
  }
}

TEST_P(Protocols, TheLastTokensLogitsAreThePlaintextEnginesWithinOnePerCent) {
  session(model(), [&](protocol::Client& client) {
    const qwen::PlainModel plain(model().path());
    const std::vector<Tokens> prompts = testing::demo_prompts(model().file(), 20);
    ASSERT_EQ(prompts.size(), 20u);
    double largest = 0;
    for (const Tokens& prompt : prompts) {
      const auto want = qwen::PlainSession(plain).forward(prompt), got = request(client, prompt).logits[0];
      EXPECT_LT(relative_error(got, want), kBound);
      EXPECT_EQ(best(got), best(want));
      largest = std::max(largest, relative_error(got, want));
    }
    EXPECT_GT(largest, 1e-6);  // it is the private engine that answers
    RecordProperty("largest_relative_error", std::to_string(largest));
    std::printf("largest relative error of 20 prompts: %.5f\n", largest);
  });
}

TEST_P(Protocols, DecodingIsPrefillOfTheLongerText) {
  for (std::size_t prompt : {1, 9}) {
    session(model(), [&](protocol::Client& client) {
      const Tokens text = testing::demo_prompts(model().file(), 1)[0];
      const Tokens first(text.begin(), text.begin() + prompt), further(text.begin() + prompt, text.begin() + prompt + 8);
      const auto decoded = request(client, first, further).logits;
      ASSERT_EQ(decoded.size(), 9u);
      for (std::size_t i = 0; i < decoded.size(); ++i) {
        const auto whole = request(client, Tokens(text.begin(), text.begin() + prompt + i)).logits[0];
        EXPECT_LT(relative_error(decoded[i], whole), kBound) << prompt << " + " << i;
      }
    });
  }
}

TEST_P(Protocols, RequestsFollowOneAnotherHoweverTheyEnd) {
  protocol::ServeOptions little;
  little.dealer_ahead = std::size_t{4} << 20;  // less than the announced answers need: the dealer is stopped in the middle
  for (const protocol::ServeOptions& options : {protocol::ServeOptions(), little}) {
    session(
        model(),
        [&](protocol::Client& client) {
          const qwen::PlainModel plain(model().path());
          const auto check = [&](const Tokens& text, const testing::Logits& got) {
            EXPECT_LT(relative_error(got, qwen::PlainSession(plain).forward(text)), kBound);
          };
          Tokens text = testing::demo_prompts(model().file(), 1)[0];
          const Tokens other = testing::demo_prompts(model().file(), 2)[1];
          check(text, request(client, text).logits[0]);

          client.announce({text.size(), 40});  // an answer that ends early
          client.step(text);
          text.push_back(7);
          check(text, client.step({7}));
          const auto early = client.finish();
          EXPECT_EQ(early[1].steps, 2u);
          EXPECT_EQ(early[2].steps, 2u);
          EXPECT_GE(early[3].steps, 2u);

          client.announce({12, 3});  // one that is given up before its prompt
          client.finish();

          check(other, request(client, other).logits[0]);
        },
        options);
  }
}

TEST_F(Decoding, WhatWasNotAnnouncedIsRefusedByTheClientItself) {
  session(model(), [&](protocol::Client& client) {
    EXPECT_THROW((client.announce({0, 3})), Error);
    EXPECT_THROW((client.announce({1000, 25})), Error);
    client.announce({2, 0});
    EXPECT_THROW(client.step({1}), Error);
    client.step({1, 2});
    EXPECT_THROW(client.step({3}), Error);
    client.finish();
  });
}

// What the dealer gets to see of a request, whatever the prompt.
struct Seen {
  std::vector<std::string> messages;  // without the request's number, which is random
  std::uint64_t bytes = 0, count = 0;
};

std::uint64_t received_by_lanes(std::uint64_t net::World::Traffic::*what) {
  std::uint64_t sum = 0;
  for (Lane lane : {Lane::control, Lane::opening, Lane::dealing, Lane::output}) sum += world().received(lane).*what;
  return sum;
}

// The dealer tells when it has dealt every step; only then does the client have a prompt at all.
Seen ask_after_dealing(const TestModel& model, const Tokens& prompt, const Tokens& further) {
  Seen seen;
  std::size_t dealt = 0;
  const std::uint64_t bytes = received_by_lanes(&net::World::Traffic::bytes), count = received_by_lanes(&net::World::Traffic::messages);
  if (is(Role::dealer))
    world().observe([&](const net::World::Message& m) {
      if (!m.sent)
        seen.messages.push_back(std::string(name(m.kind)) + std::string(m.data + std::min<std::size_t>(8, m.size), m.data + m.size));
      if (m.sent && m.kind == net::Kind::logits && ++dealt == 1 + further.size())
        world().send_now(Role::client, Lane::collective, net::Kind::report, 0, nullptr, 0);
    });
  session(model, [&](protocol::Client& client) {
    client.announce({prompt.size(), further.size()});
    world().receive_now(Role::dealer, Lane::collective, net::Kind::report, 0);
    const auto got = client.step(prompt);
    for (std::int32_t token : further) client.step({token});
    client.finish();
    EXPECT_LT(relative_error(got, qwen::PlainSession(qwen::PlainModel(model.path())).forward(prompt)), kBound);
  });
  world().observe({});
  seen.bytes = received_by_lanes(&net::World::Traffic::bytes) - bytes;
  seen.count = received_by_lanes(&net::World::Traffic::messages) - count;
  return seen;
}

TEST_F(Decoding, TheDealerDealsAWholeRequestBeforeThereIsAPromptAndReceivesLengthsAlone) {
  const std::vector<Tokens> prompts = testing::demo_prompts(model().file(), 2);
  const std::size_t n = std::min(prompts[0].size(), prompts[1].size());
  const Seen one = ask_after_dealing(model(), Tokens(prompts[0].end() - n, prompts[0].end()), {5, 6, 7});
  const Seen two = ask_after_dealing(model(), Tokens(prompts[1].end() - n, prompts[1].end()), {900, 1000, 1100});
  if (!is(Role::dealer)) return;
  EXPECT_EQ(one.messages, two.messages);
  EXPECT_EQ(one.count, 3u);  // the announcement, stop, and the session's end
  EXPECT_EQ(one.bytes, 72u);
  ASSERT_EQ(one.messages.size(), 3u);
  // The prompt, steps after it, nothing kept, room, the masked engine, the client's own table, no padding, nothing to show.
  const std::uint64_t lengths[] = {n, 3, 0, n + 3, 0, 0, 0, 0};
  EXPECT_EQ(one.messages[0], std::string("request") + std::string(reinterpret_cast<const char*>(lengths), sizeof lengths));
  EXPECT_EQ(one.messages[1], "stop");
  EXPECT_EQ(one.messages[2], "end");
}

}  // namespace
}  // namespace shardlm
