#include "watch.hpp"

#include <algorithm>
#include <cstring>

#include "call.hpp"
#include "pause.hpp"

namespace shardlm::net {

Watch::Watch(MPI_Comm comm) : comm_(comm), out_(std::make_unique<Note>()), told_(now()) {
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
  call(MPI_Irecv(&in_, sizeof(in_), MPI_BYTE, MPI_ANY_SOURCE, kTag, comm_, &receiving_), "waiting for notes of other ranks");
}

void Watch::poll() {
  if (failed_) throw PeerFailure(why_);
  for (;;) {
    int came = 0;
    MPI_Status status;
    call(MPI_Test(&receiving_, &came, &status), "looking for notes of other ranks");
    if (!came) return;
    heard(status.MPI_SOURCE);
    post();
  }
}

void Watch::heard(int from) {
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
  out_->finished = finished_;
  for (int to = 0; to < kParties; ++to) {
    if (to != rank_) call(MPI_Isend(out_.get(), kBare, MPI_BYTE, to, kTag, comm_, &sending_[to]), "sending notes");
  }
}

void Watch::tell_failure(const std::string& sentence) noexcept {
  failed_ = true;
  why_ = sentence;
  static Note last;  // outlives this object: the messages may leave later
  last.finished = finished_;
  last.gives_up = 1;
  std::strncpy(last.sentence, sentence.c_str(), sizeof(last.sentence) - 1);
  const int bytes = static_cast<int>(kBare + std::strlen(last.sentence) + 1);
  std::array<MPI_Request, kParties> requests;
  requests.fill(MPI_REQUEST_NULL);
  for (int to = 0; to < kParties; ++to) {
    if (to != rank_) MPI_Isend(&last, bytes, MPI_BYTE, to, kTag, comm_, &requests[to]);
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
