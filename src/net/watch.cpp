#include "watch.hpp"

#include <algorithm>
#include <cstring>

#include "call.hpp"
#include "pause.hpp"

namespace shardlm::net {

namespace {

constexpr char kHeader[seal::kHeader + 1] = "shardlm note                    ";

}  // namespace

Watch::Watch(MPI_Comm comm) : comm_(comm), out_(std::make_unique<std::array<Note, kParties>>()), told_(now()) {
  sending_.fill(MPI_REQUEST_NULL);
  call(MPI_Comm_rank(comm_, &rank_), "asking for this rank's number");
  post();
}

Watch::~Watch() {
  MPI_Cancel(&receiving_);
  MPI_Wait(&receiving_, MPI_STATUS_IGNORE);
  int left = 0;
  MPI_Testall(kParties, sending_.data(), &left, MPI_STATUSES_IGNORE);
  if (!left) out_.release();  // for good: MPI may still read it
}

void Watch::post() {
  call(MPI_Irecv(&in_, sizeof(in_), MPI_BYTE, MPI_ANY_SOURCE, tag_, comm_, &receiving_), "waiting for notes of other ranks");
}

void Watch::poll() {
  if (failed_) throw PeerFailure(why_);
  for (;;) {
    int came = 0;
    MPI_Status status;
    call(MPI_Test(&receiving_, &came, &status), "looking for notes of other ranks");
    if (!came) return;
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    heard(status.MPI_SOURCE, bytes);
    post();
  }
}

void Watch::secure(Sealers sealers, Openers openers) {
  poll();
  MPI_Cancel(&receiving_);
  MPI_Wait(&receiving_, MPI_STATUS_IGNORE);
  sealers_ = std::move(sealers);
  openers_ = std::move(openers);
  tag_ = kSealedTag;
  post();
}

int Watch::sealed(int to, Note& note, std::size_t bytes) {
  auto* data = reinterpret_cast<std::uint8_t*>(&note);
  if (!sealers_[to]) return static_cast<int>(bytes);
  sealers_[to]->seal({kHeader, seal::kHeader}, data, bytes, data + bytes);
  return static_cast<int>(seal::sealed_size(bytes));
}

void Watch::heard(int from, int bytes) {
  auto* data = reinterpret_cast<std::uint8_t*>(&in_);
  if (from == rank_ || bytes < int(kBare)) throw Error("a note came that no rank sends: somebody writes to this job's network");
  if (tag_ == kSealedTag) {
    if (bytes < int(kBare + seal::kTag)) throw Error(std::string("a note of ") + name(static_cast<Role>(from)) + " was cut on its way");
    const std::size_t n = std::size_t(bytes) - seal::kTag;
    try {
      openers_[from]->open({kHeader, seal::kHeader}, data, n, data + n);
    } catch (const Error& error) {
      throw Error("between " + std::string(name(static_cast<Role>(from))) + " and " + name(static_cast<Role>(rank_)) + ": a note cannot be trusted: " +
                  error.what());
    }
  }
  silent_[from] = 0;
  if (in_.finished != their_finished_[from]) stalled_ = 0;
  their_finished_[from] = in_.finished;
  if (!in_.gives_up) return;
  in_.sentence[sizeof(in_.sentence) - 1] = 0;
  failed_ = true;
  why_ = std::string(name(static_cast<Role>(from))) + ": " + in_.sentence;
  throw PeerFailure(why_);
}

void Watch::tell(double time, double interval) {
  if (time - told_ < interval) return;
  told_ = time;
  int left = 1;
  call(MPI_Testall(kParties, sending_.data(), &left, MPI_STATUSES_IGNORE), "sending notes");
  if (!left) return;  // a rank takes none at the moment; it has old ones to read first
  for (int to = 0; to < kParties; ++to) {
    if (to == rank_) continue;
    Note& note = (*out_)[to];
    note.finished = finished_;
    note.gives_up = 0;
    call(MPI_Isend(&note, sealed(to, note, kBare), MPI_BYTE, to, tag_, comm_, &sending_[to]), "sending notes");
  }
}

void Watch::tell_failure(const std::string& sentence) noexcept {
  failed_ = true;
  why_ = sentence;
  static std::array<Note, kParties> last;  // outlives this object: the messages may leave later
  std::array<MPI_Request, kParties> requests;
  requests.fill(MPI_REQUEST_NULL);
  for (int to = 0; to < kParties; ++to) {
    if (to == rank_) continue;
    Note& note = last[to];
    note.finished = finished_;
    note.gives_up = 1;
    std::strncpy(note.sentence, sentence.c_str(), sizeof(note.sentence) - 1);
    try {
      const int bytes = sealed(to, note, kBare + std::strlen(note.sentence) + 1);
      MPI_Isend(&note, bytes, MPI_BYTE, to, tag_, comm_, &requests[to]);
    } catch (const std::exception&) {
      // one that cannot be told any more notices that this rank is silent
    }
  }
  const double start = now();
  for (int left = 0; !left && now() - start < 1;) {
    if (MPI_Testall(kParties, requests.data(), &left, MPI_STATUSES_IGNORE) != MPI_SUCCESS) return;
    Pause().step(now() - start);
  }
}

void Watch::begin_wait() {
  stalled_ = 0;
  silent_.fill(0);
}

void Watch::pass(double seconds) {
  stalled_ += seconds;
  for (double& silence : silent_) silence += seconds;
}

}  // namespace shardlm::net
