#include "shardlm/net/world.hpp"

#include <algorithm>

#include "call.hpp"
#include "ending.hpp"
#include "header.hpp"
#include "impl.hpp"

namespace shardlm::net {
namespace {

constexpr const char* kRoles[] = {"client", "server 0", "server 1", "dealer"};
constexpr const char* kKinds[] = {"hello",   "agreement", "request", "stop", "key",   "embedding",
                                  "opening", "dealt",     "logits",  "end",  "report", "file", "blinded elements", "evaluated elements", "point keys", "trace", "clock", "sight", "pool"};

std::string wrong_size(int ranks) {
  const std::string parties = "four ranks are needed (client, server 0, server 1, dealer)";
  if (!launched()) return parties + ", but this program was started without mpirun; start it with: mpirun --oversubscribe -n 4 shardlm ...";
  return parties + ", but this job has " + std::to_string(ranks) + "; start it with mpirun --oversubscribe -n 4";
}

}  // namespace

const char* name(Role role) { return kRoles[static_cast<int>(role)]; }

const char* name(Kind kind) {
  const auto i = static_cast<std::uint32_t>(kind);
  return i >= 1 && i <= sizeof(kKinds) / sizeof(*kKinds) ? kKinds[i - 1] : "message of unknown kind";
}

World::World(double timeout, std::size_t largest_part) : timeout_(timeout) {
  int ranks = 0, rank = 0;
  call(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "setting the error handler");
  call(MPI_Comm_size(MPI_COMM_WORLD, &ranks), "asking for the number of ranks");
  call(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "asking for this rank's number");
  if (ranks != kParties) throw Disagreement(wrong_size(ranks), rank == 0);
  if (largest_part == 0 || largest_part > (std::size_t{1} << 30)) throw Error("the largest part of a message must be 1 byte to 1 GiB");
  MPI_Comm own = MPI_COMM_NULL;
  call(MPI_Comm_dup(MPI_COMM_WORLD, &own), "duplicating the communicator");
  call(MPI_Comm_set_errhandler(own, MPI_ERRORS_RETURN), "setting the error handler");
  role_ = static_cast<Role>(rank);
  impl_ = std::make_unique<Impl>(own, rank, largest_part);
}

World::~World() {
  const bool orderly = !impl_->watch.failed();
  MPI_Comm own = impl_->comm;
  impl_.reset();
  if (orderly) MPI_Comm_free(&own);
}

void World::set_timeout(double seconds) { timeout_ = seconds; }

Transfer World::send(Role to, Lane lane, Kind kind, std::uint64_t request, Packet& packet) {
  if (packet.bytes_.data() == nullptr) packet = Packet(0);
  if (packet.size > packet.capacity_) {
    throw Error("a packet with room for " + std::to_string(packet.capacity_) + " bytes cannot send " + std::to_string(packet.size));
  }
  Transfer transfer;
  transfer.state_ = impl_->begin(true, to, lane, kind, request, packet.bytes_, packet.size);
  packet.used_ = std::max(packet.used_, packet.size);
  impl_->start_send(*transfer.state_);
  return transfer;
}

Transfer World::receive(Role from, Lane lane, Kind kind, std::uint64_t request, Packet& packet) {
  if (packet.bytes_.data() == nullptr) packet = Packet(0);
  Transfer transfer;
  transfer.state_ = impl_->begin(false, from, lane, kind, request, packet.bytes_, packet.capacity_);
  transfer.state_->packet = &packet;
  return transfer;
}

void World::finish(Transfer& transfer) {
  if (!transfer) return;
  const Transfer::State& s = *transfer.state_;
  const auto what = [&s] { return s.named() + (s.sending ? " was on its way there" : " was awaited"); };
  impl_->wait(
      s.peer, s.lane, timeout_, [&] { return finished_quietly(transfer); }, what);
}

bool World::finished_quietly(Transfer& transfer) {
  Transfer::State& s = *transfer.state_;
  if (!impl_->advance(s)) return false;
  if (s.packet != nullptr) {
    s.packet->size = s.came;
    s.packet->used_ = std::max(s.packet->used_, s.came);
  }
  transfer.state_.reset();
  return true;
}

bool World::finished(Transfer& transfer) {
  if (!transfer || finished_quietly(transfer)) return true;
  impl_->watch.tell(now(), impl_->note_interval(timeout_));
  impl_->watch.poll();
  return false;
}

bool World::waiting(Role from, Lane lane) {
  if (impl_->probe(from, lane)) return true;
  impl_->watch.tell(now(), impl_->note_interval(timeout_));
  impl_->watch.poll();
  return false;
}

void World::idle_until_waiting(Role from, Lane lane) {
  constexpr double kLongestSleep = 2e-3;
  const Pause pause(kLongestSleep);
  for (const double start = now(); !impl_->probe(from, lane);) {
    impl_->watch.poll();
    pause.step(now() - start);
  }
}

void World::idle() {
  const double time = now();
  if (impl_->idle_finished != impl_->watch.finished() || impl_->idle_since == 0) impl_->idle_since = time;
  impl_->idle_finished = impl_->watch.finished();
  impl_->watch.tell(time, impl_->note_interval(timeout_));
  impl_->watch.poll();
  Pause().step(time - impl_->idle_since);
}

void World::still_working() {
  impl_->watch.progress();
  impl_->watch.tell(now(), impl_->note_interval(timeout_));
  impl_->watch.poll();
}

void World::fail(const std::string& sentence) noexcept {
  mark_failed();
  impl_->watch.tell_failure(role_ == Role::client ? kClientSays : sentence);  // its own may hold words of the prompt
}

World::Traffic World::sent(Lane lane) const { return impl_->flow(lane).sent; }
World::Traffic World::received(Lane lane) const { return impl_->flow(lane).received; }
double World::waited(Lane lane) const { return impl_->flow(lane).waited; }
void World::observe(std::function<void(const Message&)> observer) { impl_->observer = std::move(observer); }

}  // namespace shardlm::net
