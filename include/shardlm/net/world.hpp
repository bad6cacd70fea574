// Ranks, roles and messages: the only room that knows MPI.
//
// Four ranks of a job are the four parties, by rank. Every message carries a header (request, sequence number in its lane,
// kind, size) that is checked on arrival: a message out of step is an error, never an answer. Every wait has a deadline and
// yields the core while it is idle, because ranks may share cores. MPI neither authenticates nor encrypts: secure() does, once for all
// that follows.
//
// Programs use run() of run.hpp, which owns the order of construction and the way in which a rank ends.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shardlm/core/error.hpp"
#include "shardlm/core/types.hpp"
#include "shardlm/seal/handshake.hpp"

namespace shardlm::net {

enum class Role { client = 0, server0 = 1, server1 = 2, dealer = 3 };
constexpr int kParties = 4;
const char* name(Role role);  // "client", "server 0", "server 1", "dealer"

// What a message is about. A lane is an independent, ordered flow between two ranks (an MPI tag): what is dealt ahead does
// not stand in the way of openings. agree() and gather_all() have the lane `collective` for themselves.
enum class Lane : int { control = 1, opening = 2, dealing = 3, output = 4, collective = 5, oblivious = 6 };
constexpr int kLanes = 6;
enum class Kind : std::uint32_t {
  hello = 1, agreement, request, stop, key, embedding, opening, dealt, logits, end, report, file, blinded, evaluated, points, trace, clock, sight, pool
};
const char* name(Kind kind);

// Thrown where another rank told that it gives up; what() is "<role>: <its sentence>". That rank has printed it.
class PeerFailure : public Error {
 public:
  using Error::Error;
};

// Thrown on every rank alike, by agree() and by World's constructor, so that all can end in an orderly way. `mine` is true on
// exactly one rank: the one that prints what() for all.
class Disagreement : public Error {
 public:
  Disagreement(const std::string& sentence, bool mine) : Error(sentence), mine(mine) {}
  bool mine;
};

// A message buffer with room for its header in front, in memory that MPI and the device can both reach: pinned on CUDA. Its
// memory comes from a pool, is not zeroed, and is wiped when it goes back (what it carried is used once). Payloads are aligned
// to 64 bytes. Needs Kokkos initialised.
class Packet {
 public:
  Packet() = default;
  explicit Packet(std::size_t capacity);  // bytes of payload
  ~Packet();
  Packet(Packet&& other) noexcept;
  Packet& operator=(Packet&& other) noexcept;
  std::uint8_t* data() const;  // the payload; null in an empty packet
  std::size_t capacity() const { return capacity_; }
  std::size_t size = 0;  // payload bytes to send, or received

 private:
  friend class World;
  void release() noexcept;
  MessageBuffer bytes_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;  // the most that was ever sent or received: what must be wiped
};

// A message under way. Destroyed unfinished (as exceptions do), a receive is cancelled and a send left to itself; the memory
// lives on until MPI has done with it. The Packet must stay where it is, unmoved and untouched, until the transfer is finished.
class Transfer {
 public:
  Transfer();
  ~Transfer();
  Transfer(Transfer&&) noexcept;
  Transfer& operator=(Transfer&&) noexcept;
  explicit operator bool() const;  // is one under way?
  struct State;

 private:
  friend class World;
  std::unique_ptr<State> state_;
};

// Initialises MPI (funneled) at construction and finalises it at the end; one a process. Installs handlers for SIGTERM and SIGINT
// that say in one sentence why a rank ends when mpirun ends it because another one failed, and exit with 1 and 130.
class Mpi {
 public:
  Mpi(int& argc, char**& argv);
  ~Mpi();
  Mpi(const Mpi&) = delete;
  Mpi& operator=(const Mpi&) = delete;
};

// What a rank brings to the handshakes with the other three (seal/handshake.hpp).
struct Credentials {
  const seal::Identity& identity;
  std::array<seal::PublicKey, kParties> peers;  // by rank; the own one is not looked at
  std::string context;                          // what all ranks must have in common: version, protocol, shapes
  // Evidence of where this rank runs, for a binding that it must carry; and what is asked of another rank's, which throws Error where it
  // does not do. Empty: none is sent, none is asked for.
  std::function<seal::Bytes(const seal::Digest& binding)> evidence = {};
  std::function<void(Role peer, const seal::Bytes& evidence, const seal::Digest& binding)> verify = {};
};

class World {
 public:
  // Collective: duplicates the communicator and sets its error handler. Throws Disagreement, on every rank alike, unless there
  // are four ranks. timeout, in seconds: see finish(). largest_part: payloads above it, in bytes, travel in several MPI
  // messages, because MPI counts in int; the same on all ranks.
  explicit World(double timeout, std::size_t largest_part = std::size_t{1} << 30);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Collective, while no message is under way: every pair of ranks agrees on keys and learns that the other is who it should be. From then
  // on all messages are encrypted and authenticated (seal/channel.hpp), their headers authenticated, and one that was changed, replayed,
  // reordered, cut or reflected throws Error, naming the pair. Throws Disagreement with the sentences of all pairs that could not agree.
  void secure(const Credentials& credentials);
  bool is_secure() const;

  Role role() const { return role_; }
  double timeout() const { return timeout_; }
  void set_timeout(double seconds);  // once the options are read

  // Starts sending packet.data()[0 .. packet.size); the packet must stay untouched until finish().
  Transfer send(Role to, Lane lane, Kind kind, std::uint64_t request, Packet& packet);
  // Starts receiving the lane's next message into the packet (capacity: the largest that is accepted). Many may be posted ahead.
  Transfer receive(Role from, Lane lane, Kind kind, std::uint64_t request, Packet& packet);
  // Waits for one. Throws Error where something else came than was expected (request, sequence number, kind, or more than the
  // capacity), PeerFailure where any rank gave up, and Error where for timeout() seconds nothing came and no rank of the job got
  // on: ranks that wait tell each other that they live and how many messages they have finished, so that a client may wait long
  // for busy servers, and so that the sentence names the rank that hangs. After a receive packet.size is the payload's.
  void finish(Transfer& transfer);
  bool finished(Transfer& transfer);  // polls; checks as finish() does

  // Is a message waiting on this lane, that no posted receive takes? Used by the dealer, which deals on until it is told to stop.
  bool waiting(Role from, Lane lane);
  // Waits for that as long as it takes, sparing the core: for what a person decides to send.
  void idle_until_waiting(Role from, Lane lane);
  // A moment's sleep between two polls with finished() or waiting(), in a loop of the caller's own: short at first, longer the
  // longer nothing is finished. Knows no deadline; throws PeerFailure.
  void idle();
  // For long work without messages: tells the others, now and then, that this rank lives and gets on. Cheap; may throw
  // PeerFailure.
  void still_working();

  // Both ways at once, of any size: what two servers do to open wires.
  void exchange(Role peer, Lane lane, Kind kind, std::uint64_t request, Packet& mine, Packet& theirs);

  // Sends and waits; receives and waits. `bytes` small.
  void send_now(Role to, Lane lane, Kind kind, std::uint64_t request, const void* bytes, std::size_t size);
  std::vector<std::uint8_t> receive_now(Role from, Lane lane, Kind kind, std::uint64_t request, std::size_t largest = 1 << 20);
  // The same where more than one kind may come next: says which came.
  std::pair<Kind, std::vector<std::uint8_t>> receive_any(Role from, Lane lane, std::uint64_t request, std::size_t largest = 1 << 20);

  // Collective. Every rank brings an empty string (it is ready) or a sentence (it cannot go on). Throws Disagreement on every
  // rank with the sentences of all that brought one; so a bad file on one rank ends all of them in an orderly way.
  void agree(const std::string& trouble);
  // Collective: every rank's bytes, by rank. For comparing models and versions.
  std::vector<std::string> gather_all(const std::string& mine);

  // Tells every other rank why this one gives up, best effort, within a second. Called once, from main's catch; afterwards the
  // only way is abandon() of run.hpp: MPI_Finalize might wait for ever.
  void fail(const std::string& sentence) noexcept;

  // Traffic so far, payload bytes and messages, by lane: for --timing and for the tests that compare with the Ledger. Sent
  // messages count when they start, received ones when they are finished.
  struct Traffic {
    std::uint64_t messages = 0, bytes = 0;
  };
  Traffic sent(Lane lane) const;
  Traffic received(Lane lane) const;
  double waited(Lane lane) const;  // seconds spent waiting on this lane, in finish() and whatever calls it

  // Shows every message to an observer: one sent when it starts, one received when it is whole and before it is used. So tests
  // see what this rank sees. An empty function ends it.
  struct Message {
    bool sent;
    Role peer;
    Lane lane;
    Kind kind;
    std::uint64_t request;
    const std::uint8_t* data;
    std::size_t size;
  };
  void observe(std::function<void(const Message&)> observer);

 private:
  struct Impl;
  bool finished_quietly(Transfer& transfer);
  // The lane's next message, of any size up to `largest`, and of one kind unless `kind` is null.
  std::pair<Kind, Packet> take(Role from, Lane lane, const Kind* kind, std::uint64_t request, std::size_t largest);
  std::vector<std::string> gather(Kind kind, const std::string& mine);
  std::unique_ptr<Impl> impl_;
  Role role_;
  double timeout_;
};

}  // namespace shardlm::net
