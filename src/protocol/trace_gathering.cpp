#include "shardlm/protocol/trace_gathering.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace shardlm::protocol {
namespace {

using net::Kind;
using net::Lane;
using net::Role;

constexpr int kRoundTrips = 16;
constexpr std::size_t kEventsAtOnce = 1 << 14;

static_assert(std::is_trivially_copyable<trace::Event>::value, "events travel as they lie in memory");

struct Head {
  std::uint64_t events, dropped;
};

template <class T>
T received(net::World& world, Role from, Kind kind) {
  const std::vector<std::uint8_t> bytes = world.receive_now(from, Lane::control, kind, 0, sizeof(T));
  T value;
  if (bytes.size() != sizeof value) throw Error(std::string("a message of kind '") + net::name(kind) + "' has the wrong size");
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

void compare_clocks(net::World& world, Role with, io::RankTrace& trace) {
  double shortest = -1;
  for (int i = 0; i < kRoundTrips; ++i) {
    const double asked = trace::now();
    world.send_now(with, Lane::control, Kind::clock, 0, nullptr, 0);
    const double theirs = received<double>(world, with, Kind::clock), took = trace::now() - asked;
    if (shortest >= 0 && took >= shortest) continue;
    shortest = took;
    trace.offset = theirs - (asked + took / 2);
    trace.uncertainty = took / 2;
  }
}

void answer_clock(net::World& world) {
  for (int i = 0; i < kRoundTrips; ++i) {
    world.receive_now(Role::client, Lane::control, Kind::clock, 0, 0);
    const double mine = trace::now();
    world.send_now(Role::client, Lane::control, Kind::clock, 0, &mine, sizeof mine);
  }
}

void send_events(net::World& world, const trace::Recorder& mine) {
  const std::vector<trace::Event>& events = mine.events();
  const Head head{events.size(), mine.dropped()};
  world.send_now(Role::client, Lane::control, Kind::trace, 0, &head, sizeof head);
  for (std::size_t at = 0; at < events.size(); at += kEventsAtOnce)
    world.send_now(Role::client, Lane::control, Kind::trace, 0, &events[at], std::min(kEventsAtOnce, events.size() - at) * sizeof(trace::Event));
}

void receive_events(net::World& world, Role from, io::RankTrace& trace) {
  const Head head = received<Head>(world, from, Kind::trace);
  if (head.events > trace::kMostEvents) throw Error(std::string(net::name(from)) + " says that its trace has " + std::to_string(head.events) + " events, more than a rank records");
  trace.dropped = head.dropped;
  while (trace.events.size() < head.events) {
    const std::size_t had = trace.events.size(), due = std::min<std::size_t>(kEventsAtOnce, head.events - had) * sizeof(trace::Event);
    const std::vector<std::uint8_t> bytes = world.receive_now(from, Lane::control, Kind::trace, 0, due);
    if (bytes.size() != due) throw Error(std::string(net::name(from)) + " sent a part of its trace of the wrong size");
    trace.events.resize(had + due / sizeof(trace::Event));
    std::memcpy(static_cast<void*>(&trace.events[had]), bytes.data(), due);
  }
  for (const trace::Event& event : trace.events)
    if (int(event.region) >= trace::kRegions || !(event.start <= event.end)) throw Error(std::string(net::name(from)) + " sent a trace with an event that is none");
}

}  // namespace

std::vector<io::RankTrace> gather_traces(net::World& world, const trace::Recorder& mine, const std::string& host) {
  const std::vector<std::string> hosts = world.gather_all(host);
  if (world.role() != Role::client) {
    answer_clock(world);
    send_events(world, mine);
    return {};
  }
  std::vector<io::RankTrace> all(net::kParties);
  for (int rank = 0; rank < net::kParties; ++rank) {
    all[rank].role = net::name(Role(rank));
    all[rank].host = hosts[rank];
    if (Role(rank) == Role::client) continue;
    compare_clocks(world, Role(rank), all[rank]);
    receive_events(world, Role(rank), all[rank]);
  }
  all[0].dropped = mine.dropped();
  all[0].events = mine.events();
  return all;
}

}  // namespace shardlm::protocol
