#include "impl.hpp"

#include <cstring>

#include "call.hpp"
#include "pool.hpp"

namespace shardlm::net {
namespace {

std::string with_who(Role peer, const std::string& rest) { return std::string(name(peer)) + " " + rest; }

}  // namespace

World::Impl::Impl(MPI_Comm owned, int rank, std::size_t part)
    : comm(owned), role(static_cast<Role>(rank)), largest_part(part), watch(owned) {
  for (Flow& flow : flows) {
    for (auto& expected : flow.expected) expected = std::make_shared<Expected>();
    for (auto& sealed : flow.sealed) sealed = std::make_shared<Expected>();
  }
}

World::Impl::~Impl() { graveyard->close(); }

std::unique_ptr<Transfer::State> World::Impl::begin(bool sending, Role peer, Lane lane, Kind kind, std::uint64_t request,
                                                    MessageBuffer bytes, std::size_t size) {
  if (bytes.use_count() > 2) throw Error("a packet was given to a second transfer while the first is under way");
  graveyard->reap();
  auto state = std::make_unique<State>();
  auto& next = sending ? flow(lane).next_sent : flow(lane).next_received;
  state->graveyard = graveyard;
  state->bytes = std::move(bytes);
  state->sending = sending;
  state->peer = peer;
  state->lane = lane;
  state->header = {kMagic, static_cast<std::uint32_t>(kind), request, next[static_cast<int>(peer)]++, size};
  state->largest_part = largest_part;
  state->seals = secure;
  if (!sending) {
    state->expected = flow(lane).expected[static_cast<int>(peer)];
    state->expected->push_back(state.get());
  }
  if (!sending && secure) {
    state->sealed = flow(lane).sealed[static_cast<int>(peer)];
    state->sealed->push_back(state.get());
  }
  return state;
}

void World::Impl::start_send(State& s) {
  std::uint8_t *header = s.bytes.data() + kHeaderAt, *payload = s.bytes.data() + kPayloadAt;
  std::memcpy(header, &s.header, sizeof(Header));
  if (observer) show(s, s.header.size);
  if (s.seals)
    flow(s.lane).sealers[static_cast<int>(s.peer)]->seal({header, sizeof(Header)}, payload, s.header.size, payload + s.header.size);
  const std::size_t wire = s.wire(s.header.size);
  s.parts.assign(s.parts_of(wire), MPI_REQUEST_NULL);
  for (std::size_t i = 0; i < s.parts.size(); ++i) {
    call(MPI_Isend(s.part(i), s.part_bytes(i, wire), MPI_BYTE, static_cast<int>(s.peer), s.tag(i), comm, &s.parts[i]), "sending a message");
  }
  flow(s.lane).sent.messages += 1;
  flow(s.lane).sent.bytes += s.header.size;
}

void World::Impl::show(const State& s, std::size_t size) const {
  observer({s.sending, s.peer, s.lane, static_cast<Kind>(s.header.kind), s.header.request, s.bytes.data() + kPayloadAt, size});
}

void World::Impl::take_in(Role from, Lane lane) {
  Expected& expected = *flow(lane).expected[static_cast<int>(from)];
  while (!expected.empty()) {
    int there = 0, bytes = 0;
    MPI_Status status;
    call(MPI_Iprobe(static_cast<int>(from), static_cast<int>(lane), comm, &there, &status), "looking for a message");
    if (!there) return;
    call(MPI_Get_count(&status, MPI_BYTE, &bytes), "looking at a message");
    State& s = *expected.front();
    expected.pop_front();
    // One that is too long is received all the same, elsewhere: its header is wanted for the sentence that refuses it.
    if (bytes > s.part_bytes(0, s.wire(s.header.size))) s.bytes = take_buffer(kPayloadAt + static_cast<std::size_t>(bytes));
    std::memset(s.bytes.data() + kHeaderAt, 0, sizeof(Header));  // an old header must not pass for one that came
    s.parts.assign(1, MPI_REQUEST_NULL);
    call(MPI_Irecv(s.part(0), bytes, MPI_BYTE, static_cast<int>(from), static_cast<int>(lane), comm, &s.parts[0]), "receiving a message");
  }
}

void World::Impl::take_in_all() {
  for (int lane = 1; lane <= kLanes; ++lane) {
    for (int from = 0; from < kParties; ++from) take_in(static_cast<Role>(from), static_cast<Lane>(lane));
  }
}

bool World::Impl::receive_parts(State& s) {
  if (s.whole) return true;
  int done = 0;
  if (!s.opened) {
    if (s.parts.empty()) take_in(s.peer, s.lane);
    if (s.parts.empty()) return false;
    MPI_Status status;
    call(MPI_Test(&s.parts[0], &done, &status), "receiving a message");
    if (!done) return false;
    try {
      open(s, status);
    } catch (const Error& error) {
      if (!s.seals) throw;
      throw Error("between " + std::string(name(s.peer)) + " and " + name(role) + ": " + s.named() + " cannot be trusted: " + error.what());
    }
  }
  call(MPI_Testall(static_cast<int>(s.parts.size()), s.parts.data(), &done, MPI_STATUSES_IGNORE), "receiving a message");
  s.whole = done != 0;
  return s.whole;
}

// A lane's messages are opened in the order in which they were sealed, whichever of them is waited for.
void World::Impl::unseal_in_turn(State& s) {
  Expected& line = *flow(s.lane).sealed[static_cast<int>(s.peer)];
  while (!s.clear && !line.empty() && receive_parts(*line.front())) {
    State& next = *line.front();
    std::uint8_t *header = next.bytes.data() + kHeaderAt, *payload = next.bytes.data() + kPayloadAt;
    try {
      flow(s.lane).openers[static_cast<int>(s.peer)]->open({header, sizeof(Header)}, payload, next.came, payload + next.came);
    } catch (const Error& error) {
      throw Error("between " + std::string(name(s.peer)) + " and " + name(role) + ": " + next.named() + " cannot be trusted: " + error.what());
    }
    next.clear = true;
    line.pop_front();
  }
}

bool World::Impl::advance(State& s) {
  if (s.sending) {
    int done = 0;
    call(MPI_Testall(static_cast<int>(s.parts.size()), s.parts.data(), &done, MPI_STATUSES_IGNORE), "sending a message");
    if (!done) return false;
    watch.progress();
    return true;
  }
  if (!receive_parts(s)) return false;
  if (s.seals) unseal_in_turn(s);
  if (s.seals && !s.clear) return false;
  watch.progress();
  flow(s.lane).received.messages += 1;
  flow(s.lane).received.bytes += s.came;
  if (observer) show(s, s.came);
  return true;
}

// Checks the first part of a message against what was expected, and asks for the others.
void World::Impl::open(State& s, const MPI_Status& status) {
  Header came;
  std::memcpy(&came, s.bytes.data() + kHeaderAt, sizeof(came));
  if (came.magic != kMagic) {
    throw Error(with_who(s.peer, "sent something that is no message of this version where " + s.named() +
                                     " was expected; all ranks must run the same build on machines of one byte order"));
  }
  State other;
  other.header = came;
  const bool in_step = came.request == s.header.request && came.sequence == s.header.sequence && (s.any_kind || came.kind == s.header.kind);
  if (!in_step) {
    throw Error(with_who(s.peer, "sent " + other.named() + " where " + s.named() + " was expected; the ranks are out of step"));
  }
  if (came.size > s.header.size) {
    throw Error(with_who(s.peer, "sent " + other.named() + " with " + std::to_string(came.size) + " bytes where at most " +
                                     std::to_string(s.header.size) + " were expected"));
  }
  int bytes = 0;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  if (bytes != s.part_bytes(0, s.wire(came.size))) throw Error(with_who(s.peer, "sent " + other.named() + " cut short"));

  s.opened = true;
  s.came = came.size;
  s.header.kind = came.kind;
  const std::size_t wire = s.wire(s.came);
  s.parts.resize(s.parts_of(wire), MPI_REQUEST_NULL);
  for (std::size_t i = 1; i < s.parts.size(); ++i) {
    call(MPI_Irecv(s.part(i), s.part_bytes(i, wire), MPI_BYTE, static_cast<int>(s.peer), s.tag(i), comm, &s.parts[i]),
         "receiving a long message");
  }
}

bool World::Impl::probe(Role from, Lane lane, MPI_Status* status) {
  take_in(from, lane);
  if (!flow(lane).expected[static_cast<int>(from)]->empty()) return false;
  int there = 0;
  call(MPI_Iprobe(static_cast<int>(from), static_cast<int>(lane), comm, &there, status), "looking for a message");
  return there != 0;
}

std::string World::Impl::timed_out(Role peer, double seconds, const std::string& what) const {
  std::string silent;
  for (int other = 0; other < kParties; ++other) {
    const Role that = static_cast<Role>(other);
    if (that != role && watch.silent(that) > 0.75 * seconds) silent += std::string(silent.empty() ? "" : ", ") + name(that);
  }
  const std::string span = std::to_string(static_cast<long>(seconds + 0.5)) + " s";
  const std::string rest = ", and is given up (" + what + "); if it is only slow, give a longer --timeout";
  if (watch.silent(peer) > 0.75 * seconds) return with_who(peer, "sent nothing for " + span + rest);
  if (!silent.empty()) return "nothing was heard from " + silent + " for " + span + rest;
  return "no rank got on for " + span + " (" + what + "); if they are only slow, give a longer --timeout";
}

}  // namespace shardlm::net
