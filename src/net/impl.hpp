// The inside of World.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "pause.hpp"
#include "transfer.hpp"
#include "watch.hpp"

namespace shardlm::net {

struct World::Impl {
  Impl(MPI_Comm owned, int rank, std::size_t largest_part);
  ~Impl();

  using State = Transfer::State;
  std::unique_ptr<State> begin(bool sending, Role peer, Lane lane, Kind kind, std::uint64_t request, MessageBuffer bytes, std::size_t size);
  void start_send(State& state);
  bool advance(State& state);  // has it arrived, or left? Counts it if so
  bool receive_parts(State& state);  // of a receive: have all come?
  void open(State& state, const MPI_Status& status);
  void unseal_in_turn(State& state);
  void show(const State& state, std::size_t size) const;  // to the observer

  // Receives are posted when their message is there: posted ahead, one that is too long would not be cut but written beyond the
  // buffer by Open MPI 4.1 (shared memory, messages that it reads from the other process).
  void take_in(Role from, Lane lane);
  void take_in_all();
  bool probe(Role from, Lane lane, MPI_Status* status = MPI_STATUS_IGNORE);  // is there one that no receive expects?

  // Polls `done` until it is true; `what()` names what is awaited in the sentence of a time-out.
  template <class Done, class What>
  void wait(Role peer, Lane lane, double timeout, Done done, What what);
  std::string timed_out(Role peer, double timeout, const std::string& what) const;
  double note_interval(double timeout) const { return std::min(1.0, timeout / 8); }

  struct Flow {
    Traffic sent, received;
    double waited = 0;
    std::array<std::uint64_t, kParties> next_sent{}, next_received{};
    std::array<std::shared_ptr<Expected>, kParties> expected, sealed;
    std::array<std::optional<seal::Sealer>, kParties> sealers;
    std::array<std::optional<seal::Opener>, kParties> openers;
  };
  Flow& flow(Lane lane) { return flows[static_cast<int>(lane) - 1]; }

  MPI_Comm comm;
  Role role;
  std::size_t largest_part;
  std::shared_ptr<Graveyard> graveyard = std::make_shared<Graveyard>();
  std::array<Flow, kLanes> flows;
  Watch watch;
  std::function<void(const Message&)> observer;
  bool secure = false;
  double idle_since = 0;            // idle(): since when nothing was finished,
  std::uint64_t idle_finished = 0;  // and after how many messages
};

// A wait ends when, for timeout seconds, no rank got on. Time in which this process itself did not run (a job that was
// suspended) does not count. A rank that waits for one which is alive lets a rank that waits for the dead one speak first, and
// of several the lowest: so the job ends with one sentence, about the rank to blame.
template <class Done, class What>
void World::Impl::wait(Role peer, Lane lane, double timeout, Done done, What what) {
  if (done()) return watch.tell(now(), note_interval(timeout));
  const double start = now();
  double last = start, looked = start;
  const Pause pause;
  watch.begin_wait();
  constexpr double kLook = 200e-6;  // how often to look for anything but what is awaited
  for (;;) {
    pause.step(last - start);
    const bool over = done();
    const double time = now();
    watch.tell(time, note_interval(timeout));
    if (over) break;
    watch.pass(std::min(time - last, 0.1));
    last = time;
    if (time - looked < kLook) continue;
    looked = time;
    watch.poll();
    take_in_all();
    const double patience = (watch.silent(peer) > 0.75 * timeout ? 0 : std::min(1.0, timeout / 2)) + 0.1 * static_cast<int>(role);
    if (watch.stalled() > timeout + patience) throw Error(timed_out(peer, watch.stalled(), what()));
  }
  flow(lane).waited += now() - start;
}

}  // namespace shardlm::net
