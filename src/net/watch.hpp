// What ranks tell each other beside the messages: that they live and get on, or why they give up.
#pragma once

#include <mpi.h>

#include <array>
#include <optional>

#include "shardlm/net/world.hpp"
#include "shardlm/seal/channel.hpp"

namespace shardlm::net {

// Notes travel under a tag of their own; one receive for them is always posted. A rank sends notes while it waits or polls. A
// rank that hangs sends none, and in a deadlock all send notes but no count of finished messages grows: both end in a time-out.
class Watch {
 public:
  explicit Watch(MPI_Comm comm);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // From now on notes are sealed, under a tag of their own: another rank may be there a little earlier. A note says how many messages were
  // finished, and in the end why a rank gives up: who could forge one could end the job with words of his own. By rank, none for the own.
  using Sealers = std::array<std::optional<seal::Sealer>, kParties>;
  using Openers = std::array<std::optional<seal::Opener>, kParties>;
  void secure(Sealers sealers, Openers openers);
  static constexpr std::uint32_t kLane = 100;  // its number among the lanes of a key

  // Takes in the notes that came. Throws PeerFailure if one of them says so, and again at each later call.
  void poll();
  // Sends notes, if the last are more than `interval` seconds old.
  void tell(double time, double interval);
  // Sends every other rank the sentence; waits at most a second.
  void tell_failure(const std::string& sentence) noexcept;
  bool failed() const { return failed_; }  // did this rank or another one give up?

  // A message was finished, or long work got on.
  void progress() { ++finished_; }
  std::uint64_t finished() const { return finished_; }

  // The state of a wait: seconds since it began, or since any rank got on, or since a rank was heard.
  void begin_wait();
  void pass(double seconds);
  double stalled() const { return stalled_; }
  double silent(Role role) const { return silent_[static_cast<int>(role)]; }

 private:
  struct Note {
    std::uint64_t finished;
    std::uint32_t gives_up;
    char sentence[2036];
    std::uint8_t tag[seal::kTag];  // room for it; it lies behind the bytes that travel
  };
  static constexpr std::size_t kBare = 12;  // bytes of a note without a sentence
  static constexpr int kTag = 100, kSealedTag = 101;

  void post();
  void heard(int from, int bytes);
  int sealed(int to, Note& note, std::size_t bytes);  // seals where it lies, if it must be; returns what travels

  MPI_Comm comm_;
  int rank_ = 0;
  bool failed_ = false;
  std::string why_;
  Note in_{};
  std::unique_ptr<std::array<Note, kParties>> out_;
  int tag_ = kTag;
  Sealers sealers_;
  Openers openers_;
  MPI_Request receiving_ = MPI_REQUEST_NULL;
  std::array<MPI_Request, kParties> sending_;
  double told_ = 0;
  std::uint64_t finished_ = 0;
  std::array<std::uint64_t, kParties> their_finished_{};
  double stalled_ = 0;
  std::array<double, kParties> silent_{};
};

}  // namespace shardlm::net
