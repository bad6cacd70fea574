#include "gateway/job_queue.hpp"

#include <algorithm>
#include <cmath>

#include "gateway/stop_texts.hpp"
#include "shardlm/core/wipe.hpp"

namespace shardlm::app {
namespace {

using Clock = std::chrono::steady_clock;
using Lock = std::lock_guard<std::mutex>;

constexpr const char* kEnding = "the gateway is ending";
constexpr int kLongestRetry = 3600;         // seconds
constexpr double kNewJobsWeight = 0.25;     // in the mean of recent jobs
constexpr std::chrono::hours kLongestPatience{24};  // no time overflows

double milliseconds(JobQueue::Time from, JobQueue::Time to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

void wipe_text(std::string& text) {
  wipe(text.data(), text.size());
  text.clear();
}

// What the job says of its prompt. The names and numbers stay, for those who count.
void wipe_secrets(Job& job) {
  wipe(job.prompt.data(), job.prompt.size() * sizeof(text::Token));
  job.prompt.clear();
  for (std::string& text : job.stop) wipe_text(text);
  job.stop.clear();
}

void wipe_pieces(std::deque<Piece>& pieces) {
  for (Piece& piece : pieces) wipe_text(piece.text);
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
  auto ticket = std::make_unique<QueueTicket>(shared_from_this(), entry);
  waiting_.push_back(std::move(entry));
  ++tickets_;
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

void JobQueue::close() {
  const Lock lock(mutex_);
  backend_ = nullptr;
  if (const Handle entry = running_) {
    end_for_ticket(*entry, {Finish::failed, failure_}, Clock::now());
    settle(entry, entry->outcome);
  }
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
  if (entry.ended) return wipe_text(piece.text);
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

void JobQueue::end(const Handle& entry, Outcome outcome) {
  const Lock lock(mutex_);
  const Time now = Clock::now();
  if (const auto end = reason(*entry, now); end && outcome.finish == Finish::cancelled) {
    outcome.finish = end->finish;
    outcome.trouble = end->trouble;
  }
  const double seconds = milliseconds(entry->taken, now) / 1e3;
  mean_seconds_ = mean_seconds_ == 0 ? seconds : mean_seconds_ + kNewJobsWeight * (seconds - mean_seconds_);
  settle(entry, std::move(outcome));
}

void JobQueue::settle(const Handle& entry, Outcome outcome) {
  if (!entry->ended) {
    entry->outcome = outcome;
    entry->ended = true;
    entry->news.notify_all();
  }
  wipe_secrets(entry->job);
  running_ = nullptr;
  finished_.emplace_back(entry, std::move(outcome));
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

void JobQueue::stop(bool finish, std::chrono::milliseconds patience) {
  const Lock lock(mutex_);
  const Time now = Clock::now();
  stopping_ = true;
  last_ = std::min(last_, finish ? now + std::min<Clock::duration>(patience, kLongestPatience) : now);
  drop_hopeless(now);
  wake_all();
}

void JobQueue::fail(const std::string& sentence) {
  const Lock lock(mutex_);
  if (!failure_.empty()) return;
  failure_ = sentence.empty() ? "the gateway failed" : sentence;
  const Time now = Clock::now();
  drop_hopeless(now);
  if (running_) end_for_ticket(*running_, {Finish::failed, failure_}, now);
  wake_all();
}

// Why an answer is not gone on with.
std::optional<JobQueue::End> JobQueue::reason(const Entry& entry, Time now) const {
  if (!failure_.empty()) return End{Finish::failed, failure_};
  if (entry.cancelled) return End{Finish::cancelled, ""};
  if (now >= last_) return End{Finish::cancelled, kEnding};
  if (now >= entry.job.deadline) return End{Finish::deadline, "the request was not answered in the time that it has"};
  return std::nullopt;
}

void JobQueue::end_for_ticket(Entry& entry, const End& end, Time now) {
  if (entry.ended) return;
  entry.outcome.finish = end.finish;
  entry.outcome.trouble = end.trouble;
  entry.outcome.prompt_tokens = entry.job.prompt.size();
  entry.outcome.answer_tokens = entry.tokens;
  entry.outcome.queued_ms = milliseconds(entry.came, entry.taken == Time() ? now : entry.taken);
  entry.ended = true;
  entry.news.notify_all();
}

// Nothing, where the entry does not wait.
void JobQueue::drop_waiting(Entry& entry, const End& end, Time now) {
  const auto at = std::find_if(waiting_.begin(), waiting_.end(), [&](const Handle& other) { return other.get() == &entry; });
  if (at == waiting_.end()) return;
  const Handle handle = *at;
  waiting_.erase(at);
  end_for_ticket(entry, end, now);
  wipe_secrets(entry.job);
  finished_.emplace_back(handle, entry.outcome);
}

void JobQueue::drop_hopeless(Time now) {
  const std::deque<Handle> waiting = waiting_;
  for (const Handle& entry : waiting)
    if (const auto end = reason(*entry, now)) drop_waiting(*entry, *end, now);
}

void JobQueue::wake_all() {
  work_.notify_all();
  if (running_) running_->news.notify_all();
  for (const Handle& entry : waiting_) entry->news.notify_all();
}

}  // namespace shardlm::app
