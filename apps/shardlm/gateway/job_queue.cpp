#include "gateway/job_queue.hpp"

#include <algorithm>
#include <cmath>

#include "gateway/stop_texts.hpp"

namespace shardlm::app {
namespace {

constexpr int kLongestRetry = 3600;  // seconds

void wipe_pieces(std::deque<Piece>& pieces) {
  for (Piece& piece : pieces) wipe_and_clear(piece.text);
  pieces.clear();
}

class QueueTicket : public Ticket {
 public:
  QueueTicket(std::shared_ptr<JobQueue> queue, JobQueue::Handle entry) : queue_(std::move(queue)), entry_(std::move(entry)) {}
  ~QueueTicket() override { queue_->leave(*entry_); }
  Came next(Piece& piece, std::chrono::milliseconds patience) override { return queue_->next(*entry_, piece, patience); }
  void cancel() override { queue_->cancel(*entry_); }
  const Outcome& outcome() const override { return entry_->outcome; }

 private:
  const std::shared_ptr<JobQueue> queue_;
  const JobQueue::Handle entry_;
};

}  // namespace

std::unique_ptr<Ticket> JobQueue::submit(Job job) {
  if (job.prompt.empty()) throw Error("the prompt is empty: ask something");
  if (job.most == 0) throw Error("an answer of no tokens was asked for: ask for at least one");
  text::Sampler{job.sampling};  // both throw for what is out of range
  StopTexts{job.stop};
  const Lock lock(mutex_);
  check(job);
  auto entry = std::make_shared<Entry>();
  entry->job = std::move(job);
  entry->came = Clock::now();
  waiting_.push_back(entry);
  auto ticket = std::make_unique<QueueTicket>(shared_from_this(), std::move(entry));
  ++tickets_;  // nothing throws any more: a ticket that went would ask for the lock
  work_.notify_all();
  return ticket;
}

void JobQueue::check(const Job& job) const {
  if (!failure_.empty()) throw Unavailable(failure_);
  if (stopping_) throw Unavailable(kEnding);
  if (backend_ == nullptr) throw Unavailable("the gateway still starts");
  const std::string trouble = backend_->trouble({job.protocol, job.prompt.size(), job.most - 1, job.show});
  if (!trouble.empty()) throw Error(trouble);
  if (waiting_.size() + (running_ ? 1 : 0) <= limit_) return;
  const int seconds = seconds_until_free();
  throw Busy("the gateway is busy: " + std::to_string(waiting_.size()) + " requests wait already; ask again in " + std::to_string(seconds) +
                 (seconds == 1 ? " second" : " seconds"),
             seconds);
}

int JobQueue::seconds_until_free() const {
  const double seconds = std::ceil(mean_seconds_ * double(waiting_.size() + (running_ ? 1 : 0)));
  return int(std::clamp(seconds, 1.0, double(kLongestRetry)));
}

Ticket::Came JobQueue::next(Entry& entry, Piece& piece, std::chrono::milliseconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  const Time until = Clock::now() + std::min<Clock::duration>(patience, kLongestPatience);
  while (true) {
    if (!entry.pieces.empty()) {
      piece = std::move(entry.pieces.front());
      entry.pieces.pop_front();
      return Ticket::Came::piece;
    }
    if (entry.ended) return Ticket::Came::end;
    const Time now = Clock::now();
    if (const auto end = reason(entry, now)) {
      drop_waiting(entry, *end, now);
      end_for_ticket(entry, *end, now);  // where it is computed: what computes it learns of it after its step
      continue;
    }
    if (now >= until) return Ticket::Came::nothing;
    entry.news.wait_until(lock, std::min({until, entry.job.deadline, last_}));
  }
}

void JobQueue::cancel(Entry& entry) {
  const Lock lock(mutex_);
  if (entry.ended) return;
  entry.cancelled = true;
  drop_waiting(entry, {Finish::cancelled, ""}, Clock::now());
  entry.news.notify_all();
}

void JobQueue::leave(Entry& entry) {
  cancel(entry);
  const Lock lock(mutex_);
  entry.ended = true;  // nobody fetches pieces any more
  wipe_pieces(entry.pieces);
  if (--tickets_ == 0) collected_.notify_all();
}

EngineState JobQueue::state() const {
  const Lock lock(mutex_);
  EngineState state;
  state.ready = backend_ != nullptr && failure_.empty() && !stopping_;
  state.trouble = !failure_.empty() ? failure_ : stopping_ ? kEnding : "";
  state.waiting = waiting_.size();
  state.running = running_ ? 1 : 0;
  state.pool = pool_;
  return state;
}

void JobQueue::open(const Backend& backend) {
  const Lock lock(mutex_);
  backend_ = &backend;
}

JobQueue::Handle JobQueue::take(Time until) {
  std::unique_lock<std::mutex> lock(mutex_);
  work_.wait_until(lock, until, [&] { return !waiting_.empty() || stopping_ || !failure_.empty(); });
  drop_hopeless(Clock::now());
  if (waiting_.empty() || !failure_.empty()) return nullptr;
  running_ = std::move(waiting_.front());
  waiting_.pop_front();
  running_->taken = Clock::now();
  return running_;
}

void JobQueue::push(Entry& entry, Piece piece) {
  const Lock lock(mutex_);
  entry.tokens = piece.tokens;
  if (entry.ended) return wipe_and_clear(piece.text);
  if (piece.text.empty() && piece.sights.empty()) return;
  entry.pieces.push_back(std::move(piece));
  entry.news.notify_all();
}

bool JobQueue::given_up(const Entry& entry) {
  const Lock lock(mutex_);
  const Time now = Clock::now();
  drop_hopeless(now);
  return reason(entry, now).has_value();
}

std::vector<JobQueue::Finished> JobQueue::finished() {
  const Lock lock(mutex_);
  return std::exchange(finished_, {});
}

bool JobQueue::over() const {
  const Lock lock(mutex_);
  return !failure_.empty() || (stopping_ && waiting_.empty());
}

std::string JobQueue::failure() const {
  const Lock lock(mutex_);
  return failure_;
}

void JobQueue::levels(std::vector<PoolLevel> pool) {
  const Lock lock(mutex_);
  pool_ = std::move(pool);
}

void JobQueue::wait_for_collection(std::chrono::milliseconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  collected_.wait_for(lock, patience, [&] { return tickets_ == 0; });
}

}  // namespace shardlm::app
