// Ranks, roles and messages: the only room that knows MPI.
//
// Four ranks of a job are the four parties, by rank. Every message carries a header (request, sequence number in its lane,
// kind, size) that is checked on arrival: a message out of step is an error, never an answer. Every wait has a deadline and
// yields the core while it is idle, because ranks may share cores. MPI neither authenticates nor encrypts.
#pragma once

#include "shardlm/core/types.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace shardlm::net {

enum class Role { client = 0, server0 = 1, server1 = 2, dealer = 3 };
constexpr int kParties = 4;
const char* name(Role role);  // "client", "server 0", "server 1", "dealer"

// What a message is about. A lane is an independent, ordered flow between two ranks (an MPI tag): what is dealt ahead does
// not stand in the way of openings.
enum class Lane : int { control = 1, opening = 2, dealing = 3, output = 4 };
enum class Kind : std::uint32_t {
  hello = 1, agreement, request, stop, key, embedding, opening, dealt, logits, end, report
};
const char* name(Kind kind);

// A message buffer with room for its header in front, in memory that MPI and the device can both reach.
class Packet {
 public:
  Packet() = default;
  explicit Packet(std::size_t capacity);          // bytes of payload
  std::uint8_t* data() const;                     // the payload
  std::size_t capacity() const { return capacity_; }
  std::size_t size = 0;                           // payload bytes to send, or received

 private:
  friend class World;
  MessageBuffer bytes_;
  std::size_t capacity_ = 0;
};

// A message under way. Destroying it unfinished cancels nothing: finish it, or keep the packet alive until the World ends.
class Transfer {
 public:
  Transfer();
  ~Transfer();
  Transfer(Transfer&&) noexcept;
  Transfer& operator=(Transfer&&) noexcept;
  explicit operator bool() const;  // is one under way?

 private:
  friend class World;
  struct State;
  std::unique_ptr<State> state_;
};

// Initialises MPI (funneled) at construction and finalises it at the end; one a process. Installs the SIGTERM handler that says
// in one sentence why a rank ends when mpirun ends it because another one failed.
class Mpi {
 public:
  Mpi(int& argc, char**& argv);
  ~Mpi();
  Mpi(const Mpi&) = delete;
  Mpi& operator=(const Mpi&) = delete;
};

class World {
 public:
  // Collective: duplicates the communicator and sets its error handler. Throws Error, on every rank alike, unless there are
  // four ranks. timeout: seconds that a wait may last without any message on the awaited lane before the peer is given up.
  explicit World(double timeout);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Role role() const { return role_; }
  double timeout() const { return timeout_; }

  // Starts sending packet.data()[0 .. packet.size); the packet must stay untouched until finish().
  Transfer send(Role to, Lane lane, Kind kind, std::uint64_t request, Packet& packet);
  // Starts receiving the lane's next message into the packet (capacity: the largest that is accepted).
  Transfer receive(Role from, Lane lane, Kind kind, std::uint64_t request, Packet& packet);
  // Waits for one. Throws Error where the peer failed (with its sentence), went quiet, or sent something else than was
  // expected (request, sequence number, kind, or more than the capacity). After a receive packet.size is the payload's.
  void finish(Transfer& transfer);
  bool finished(Transfer& transfer);  // polls; checks as finish() does

  // Is a message waiting on this lane? And of what kind? Used by the dealer, which deals on until it is told to stop.
  bool waiting(Role from, Lane lane);

  // Both ways at once, of any size: what two servers do to open wires.
  void exchange(Role peer, Lane lane, Kind kind, std::uint64_t request, Packet& mine, Packet& theirs);

  // Sends and waits; receives and waits. `bytes` small.
  void send_now(Role to, Lane lane, Kind kind, std::uint64_t request, const void* bytes, std::size_t size);
  std::vector<std::uint8_t> receive_now(Role from, Lane lane, Kind kind, std::uint64_t request, std::size_t largest = 1 << 20);
  // The same where more than one kind may come next: says which came.
  std::pair<Kind, std::vector<std::uint8_t>> receive_any(Role from, Lane lane, std::uint64_t request, std::size_t largest = 1 << 20);

  // Collective. Every rank brings an empty string (it is ready) or a sentence (it cannot go on). Throws Error on every rank with
  // the sentences of all that brought one; so a bad file on one rank ends all of them in an orderly way.
  void agree(const std::string& trouble);
  // Collective: every rank's bytes, by rank. For comparing models and versions.
  std::vector<std::string> gather_all(const std::string& mine);

  // Tells every other rank why this one gives up, best effort, within a second. Called once, from main's catch.
  void fail(const std::string& sentence) noexcept;

  // Traffic so far, payload bytes and messages, by lane: for --timing and for the tests that compare with the Ledger.
  struct Traffic { std::uint64_t messages = 0, bytes = 0; };
  Traffic sent(Lane lane) const;
  Traffic received(Lane lane) const;
  double waited(Lane lane) const;  // seconds spent waiting in finish() on this lane

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  Role role_;
  double timeout_;
};

}  // namespace shardlm::net
