// What each rank sends and receives in a request is what `shardlm info` says beforehand, from shapes alone.
#include "../../apps/shardlm/needs.hpp"
#include "session.hpp"

namespace shardlm::testing {
namespace {

using net::Lane;

struct Bytes {
  std::uint64_t sent = 0, received = 0;
};

// All that was said about requests; agreements of the ranks before and after are on a lane of their own.
Bytes bytes_so_far() {
  Bytes b;
  for (const Lane lane : {Lane::control, Lane::opening, Lane::dealing, Lane::output}) {
    b.sent += world().sent(lane).bytes;
    b.received += world().received(lane).bytes;
  }
  return b;
}

// Control messages, and the lengths of dealt records, come on top: less than one per cent and 4 KiB.
void expect_foretold(std::uint64_t measured, std::uint64_t foretold, const char* what) {
  EXPECT_GE(measured, foretold) << what << " by " << net::name(world().role());
  EXPECT_LE(measured, foretold + foretold / 100 + 4096) << what << " by " << net::name(world().role());
}

TEST(Traffic, EveryRankSendsAndReceivesWhatWasForetold) {
  const TestModel model(demo_folder());
  const Bytes before = bytes_so_far();
  session(model, [](protocol::Client& client) { request(client, Tokens(19, 7), {1, 2}); });
  const Bytes after = bytes_so_far();
  const mpc::Costs costs = qwen::predict(qwen::Model(model.file().config()), 19, 2);
  const app::Needs needs = app::needs(model.file().config(), costs, {19, 3, 0}, 0)[int(world().role())];
  expect_foretold(after.sent - before.sent, needs.sent, "sent");
  expect_foretold(after.received - before.received, needs.received, "received");
}

}  // namespace
}  // namespace shardlm::testing
