// The trace of requests on four ranks: what it counts is what the ranks report, and its regions are the model's.
#include "session.hpp"
#include "shardlm/protocol/trace_gathering.hpp"

namespace shardlm::testing {
namespace {

using net::Role;
using trace::Event;
using trace::Region;

class TraceOf : public OnEverySetting {
 protected:
  // Two requests, of which the first is skipped; then everybody's events to the client.
  void SetUp() override {
    trace::Recorder recorder(1);
    protocol::ServeOptions options;
    options.recorder = &recorder;
    session(model(), [&](protocol::Client& client) {
      client.record(&recorder);
      for (int i = 0; i < 2; ++i) {
        const trace::Scope scope(&recorder, Region::request);
        answered_ = request(client, some_tokens(5, vocabulary(), 3), {1, 2});
      }
    }, options);
    ranks_ = protocol::gather_traces(world(), recorder, "a host");
  }
  const std::vector<Event>& of(Role role) const { return ranks_[std::size_t(role)].events; }
  std::vector<Event> of(Role role, Region region) const {
    std::vector<Event> some;
    for (const Event& event : of(role))
      if (event.region == region) some.push_back(event);
    return some;
  }
  const mpc::Costs& costs(Role role) const { return answered_.reports[int(role)].costs; }

  Answered answered_;
  std::vector<io::RankTrace> ranks_;
};
INSTANTIATE_TEST_SUITE_P(Of, TraceOf, ::testing::Values("v2", "v3", "v3-mpc", "v3-ot"), name_of);

constexpr Role kServers[] = {Role::server0, Role::server1};

TEST_P(TraceOf, ARequestCountsWhatItsServersReport) {
  if (!is(Role::client)) return;
  for (const Role server : kServers) {
    const std::vector<Event> requests = of(server, Region::request);
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].rounds, costs(server).rounds);
    EXPECT_EQ(requests[0].bytes, costs(server).opened_bytes + costs(server).key_bytes + costs(server).dealt_bytes);
  }
  const std::vector<Event> dealt = of(Role::dealer, Region::request);
  ASSERT_EQ(dealt.size(), 1u);
  EXPECT_EQ(dealt[0].bytes, costs(Role::server1).dealt_bytes + costs(Role::server0).key_bytes + costs(Role::server1).key_bytes);
}

TEST_P(TraceOf, EveryStepHasEveryLayerWithItsFourParts) {
  if (!is(Role::client)) return;
  const std::size_t layers = model().file().config().layers;
  for (const Role role : {Role::server0, Role::server1, Role::dealer}) {
    EXPECT_EQ(of(role, Region::step).size(), 3u);
    for (const Region part : {Region::layer, Region::attention_norm, Region::attention, Region::mlp_norm, Region::mlp}) {
      const std::vector<Event> events = of(role, part);
      ASSERT_EQ(events.size(), 3 * layers) << name(part);
      for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(events[i].layer, int(i % layers));
        EXPECT_EQ(events[i].step, i / layers);
      }
    }
    EXPECT_EQ(of(role, Region::head).size(), 3u);
  }
}

TEST_P(TraceOf, EveryOpeningIsARound) {
  if (!is(Role::client)) return;
  for (const Role server : kServers) {
    std::uint64_t rounds = 0;
    for (const Event& event : of(server, Region::opening)) rounds += event.rounds;
    EXPECT_EQ(rounds, costs(server).rounds);
    EXPECT_EQ(of(server, Region::opening).size(), rounds);
  }
}

TEST_P(TraceOf, InnerRegionsLieWithinOuterOnes) {
  if (!is(Role::client)) return;
  for (const io::RankTrace& rank : ranks_) {
    std::vector<Event> inner;  // ended, and nothing around them has yet
    for (const Event& event : rank.events) {
      EXPECT_LE(event.start, event.end);
      while (!inner.empty() && inner.back().depth > event.depth) {
        EXPECT_LE(event.start, inner.back().start) << rank.role;
        EXPECT_LE(inner.back().end, event.end) << rank.role;
        inner.pop_back();
      }
      inner.push_back(event);
    }
    ASSERT_EQ(inner.size(), 1u) << rank.role;
    EXPECT_EQ(inner[0].region, Region::request);
  }
}

TEST_P(TraceOf, TheClientsStepsAreEmbeddingAndLogits) {
  if (!is(Role::client)) return;
  for (const Region region : {Region::step, Region::embedding, Region::logits}) EXPECT_EQ(of(Role::client, region).size(), 3u) << name(region);
}

TEST_P(TraceOf, ARequestThatIsStoppedEarlyEndsItsRegions) {
  trace::Recorder recorder;
  protocol::ServeOptions options;
  options.recorder = &recorder;
  session(model(), [&](protocol::Client& client) {
    protocol::Lengths lengths;
    lengths.prompt = 3;
    lengths.decode = 40;  // of which the dealer has begun some
    client.announce(lengths);
    client.step(some_tokens(3, vocabulary(), 5));
    client.finish();
    request(client, some_tokens(3, vocabulary(), 5));
  }, options);
  if (is(Role::client)) return;
  std::size_t requests = 0;
  for (const Event& event : recorder.events())
    if (event.region == Region::request) {
      EXPECT_EQ(event.run, requests++);
      EXPECT_EQ(event.depth, 0);
    }
  EXPECT_EQ(requests, 2u);
}

TEST_P(TraceOf, ClocksOfOneHostAreOne) {
  if (!is(Role::client)) return;
  for (const io::RankTrace& rank : ranks_) {
    EXPECT_EQ(rank.host, "a host");
    EXPECT_LE(std::abs(rank.offset), rank.uncertainty) << rank.role;
  }
}

}  // namespace
}  // namespace shardlm::testing
