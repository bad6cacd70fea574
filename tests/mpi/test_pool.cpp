// Requests that are dealt before anyone asks, and what the client may be shown of a request.
#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "session.hpp"

namespace shardlm {
namespace {

using net::Role;
using testing::Answered;
using testing::best;
using testing::is;
using testing::relative_error;
using testing::session;
using testing::some_tokens;
using testing::Tokens;
using testing::world;

constexpr double kBound = 0.01;  // as in test_decoder
constexpr std::size_t kPositions = 24, kReady = 2, kTokens = 3;
const Tokens kFurther{5, 6, 7, 8, 9};

using ReadyRequests = testing::OnTheDemo;

protocol::ServeOptions with_pool() {
  protocol::ServeOptions options;
  options.pool = {{kPositions, kReady}};
  options.pool_tokens = kTokens;
  return options;
}

Tokens prompt() { return some_tokens(19, 300, 1); }

// Until the dealer says that it has so many.
void wait_for(std::size_t ready) {
  const auto start = std::chrono::steady_clock::now();
  while (true) {
    const auto news = protocol::pool_news(world());
    if (news && news->size() == 1 && (*news)[0].requests == ready) return;
    ASSERT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60)) << "the dealer never had " << ready << " ready requests";
    world().still_working();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::uint64_t ready_steps(const Answered& answered) { return answered.reports[int(Role::dealer)].ready; }

TEST_F(ReadyRequests, AnswerAsThoseThatAreDealtWhenTheyCome) {
  Answered fresh;
  session(model(), [&](protocol::Client& client) { fresh = testing::request(client, prompt(), kFurther, kPositions); });
  session(
      model(),
      [&](protocol::Client& client) {
        wait_for(kReady);
        const Answered answered = testing::request(client, prompt(), kFurther, kPositions);
        EXPECT_EQ(ready_steps(fresh), 0u);
        EXPECT_EQ(ready_steps(answered), 1 + kTokens);
        ASSERT_EQ(answered.logits.size(), fresh.logits.size());
        for (std::size_t i = 0; i < fresh.logits.size(); ++i) {
          EXPECT_LT(relative_error(answered.logits[i], fresh.logits[i]), kBound) << "after " << i << " further tokens";
          EXPECT_EQ(best(answered.logits[i]), best(fresh.logits[i]));
        }
        for (const int server : {1, 2}) EXPECT_EQ(answered.reports[std::size_t(server)].costs, fresh.reports[std::size_t(server)].costs);
      },
      with_pool());
}

TEST_F(ReadyRequests, AreMadeAgainWhileNobodyAsks) {
  session(
      model(),
      [&](protocol::Client& client) {
        for (int round = 0; round < 2; ++round) {
          wait_for(kReady);
          for (std::size_t i = 0; i < kReady; ++i) EXPECT_EQ(ready_steps(testing::request(client, prompt(), kFurther, kPositions)), 1 + kTokens);
        }
      },
      with_pool());
}

// More requests than were ready, one after the other: each is answered, from the pool or not.
TEST_F(ReadyRequests, RunOutAndNobodyWaits) {
  session(
      model(),
      [&](protocol::Client& client) {
        wait_for(kReady);
        std::set<std::int32_t> likeliest;
        for (int i = 0; i < 6; ++i) likeliest.insert(best(testing::request(client, prompt(), {}, kPositions).logits[0]));
        EXPECT_EQ(likeliest.size(), 1u);
      },
      with_pool());
}

// A request that comes while the dealer deals for nobody: what it has begun is burned.
TEST_F(ReadyRequests, AreInterruptedByOneThatComes) {
  session(
      model(),
      [&](protocol::Client& client) {
        const std::int32_t wanted = best(testing::request(client, prompt(), {}, kPositions).logits[0]);
        for (const int milliseconds : {51, 60, 75, 100}) {
          std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
          EXPECT_EQ(best(testing::request(client, prompt(), {}, kPositions).logits[0]), wanted);
        }
      },
      with_pool());
}

// Another length, no padding, a conversation that goes on, little room: the pool has nothing for these.
TEST_F(ReadyRequests, AreForPaddedPromptsOfTheirLengthAlone) {
  session(
      model(),
      [&](protocol::Client& client) {
        wait_for(kReady);
        EXPECT_EQ(ready_steps(testing::request(client, prompt(), kFurther, kPositions + 1)), 0u);
        EXPECT_EQ(ready_steps(testing::request(client, some_tokens(kPositions, 300, 2), kFurther)), 0u);
        EXPECT_EQ(ready_steps(testing::request(client, prompt(), {5}, kPositions)), 0u) << "it has room for fewer tokens than are ready";
        client.announce({kPositions, 0, 0, 200, true});
        client.step(prompt());
        EXPECT_EQ(client.finish()[int(Role::dealer)].ready, 1 + kTokens);
        client.announce({4, 0, kPositions, 200, false});  // what a request from the pool holds can go on
        client.step({1, 2, 3, 4});
        EXPECT_EQ(client.finish()[int(Role::dealer)].ready, 0u);
      },
      with_pool());
}

// Two requests with one prompt: keys, salt and all that is dealt differ; K0 of one is never seen again.
TEST_F(ReadyRequests, HaveKeysOfTheirOwn) {
  std::vector<std::string> keys, dealt;
  if (!is(Role::client))
    world().observe([&](const net::World::Message& m) {
      if (m.sent || m.peer != Role::dealer) return;
      const std::string bytes(reinterpret_cast<const char*>(m.data), m.size);
      if (m.kind == net::Kind::key) keys.push_back(bytes);
      if (m.kind == net::Kind::dealt && m.size > 4096) dealt.push_back(bytes.substr(64));
    });
  session(
      model(),
      [&](protocol::Client& client) {
        wait_for(kReady);
        for (std::size_t i = 0; i < kReady + 1; ++i) testing::request(client, prompt(), kFurther, kPositions);
      },
      with_pool());
  world().observe({});
  if (is(Role::client) || is(Role::dealer)) return;
  EXPECT_EQ(keys.size(), kReady + 1);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
  EXPECT_GE(dealt.size(), kReady + 1);
  EXPECT_EQ(std::set<std::string>(dealt.begin(), dealt.end()).size(), dealt.size());
}

// Nothing that was dealt leaves the dealer before its request is announced.
TEST_F(ReadyRequests, StayWithTheDealerUntilTheyAreAnnounced) {
  std::size_t before = 0;
  bool announced = false;
  if (is(Role::server0) || is(Role::server1))
    world().observe([&](const net::World::Message& m) {
      if (!m.sent && m.peer == Role::client && m.kind == net::Kind::request) announced = true;
      if (!m.sent && m.peer == Role::dealer && !announced) ++before;
    });
  session(
      model(),
      [&](protocol::Client& client) {
        wait_for(kReady);
        testing::request(client, prompt(), {}, kPositions);
      },
      with_pool());
  world().observe({});
  if (is(Role::server0) || is(Role::server1)) EXPECT_TRUE(announced);
  EXPECT_EQ(before, 0u);
}

TEST(Sights, ShowRealBytesThatDifferFromTokenToToken) {
  testing::TestModels models(testing::demo_folder());
  for (const std::string setting : {"v2", "v3", "v3-mpc", "v3-ot", "v3+dpf"}) {
    const testing::TestModel& model = models.of(setting);
    session(model, [&](protocol::Client& client) {
      protocol::Lengths lengths;
      lengths.prompt = prompt().size();
      lengths.decode = 2;
      lengths.show = true;
      client.announce(lengths);
      std::set<std::string> seen;
      for (const Tokens& tokens : {prompt(), Tokens{5}, Tokens{5}}) {
        client.step(tokens);
        for (const protocol::Sight& sight : client.sights()) {
          EXPECT_GT(sight.rounds, 0u);
          EXPECT_GT(sight.bytes, 0u);
          EXPECT_EQ(sight.glimpses[0].from, Role::client);
          EXPECT_EQ(sight.glimpses[1].kind, net::Kind::opening);
          if (sight.glimpses[2].size > 0) EXPECT_EQ(sight.glimpses[2].from, Role::dealer);
          for (const protocol::Sight::Glimpse& glimpse : sight.glimpses) {
            if (&glimpse == &sight.glimpses[2] && glimpse.size == 0) continue;  // a step may need no new packet
            EXPECT_GE(glimpse.size, 32u) << setting << ": " << net::name(glimpse.kind);
            // Both servers get the same correction words.
            const std::string whose = &glimpse == &sight.glimpses[2] && &sight == &client.sights()[1] ? "server 1's " : "";
            EXPECT_TRUE(seen.insert(whose + std::string(glimpse.bytes.begin(), glimpse.bytes.end())).second) << setting << ": the same bytes again";
          }
        }
      }
      client.finish();
    });
    world().gather_all("");
  }
}

TEST_F(ReadyRequests, NobodyIsShownAnythingUnlessTheClientAnnouncedIt) {
  std::size_t sights = 0;
  if (is(Role::client))
    world().observe([&](const net::World::Message& m) { sights += m.kind == net::Kind::sight; });
  session(model(), [&](protocol::Client& client) { testing::request(client, prompt(), kFurther); });
  world().observe({});
  EXPECT_EQ(sights, 0u);
}

}  // namespace
}  // namespace shardlm
