// How jobs end, and how the queue does.
#include <algorithm>

#include "gateway/job_queue.hpp"

namespace shardlm::app {
namespace {

constexpr double kNewJobsWeight = 0.25;  // in the mean of recent jobs

double milliseconds(JobQueue::Time from, JobQueue::Time to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

// What the job says of its prompt. The names and numbers stay, for those who count.
void wipe_secrets(Job& job) {
  wipe_and_clear(job.prompt);
  job.prompt.shrink_to_fit();  // it may wait for the observer
  for (std::string& text : job.stop) wipe_and_clear(text);
  job.stop.clear();
}

}  // namespace

void JobQueue::close() {
  const Lock lock(mutex_);
  backend_ = nullptr;
  if (const Handle entry = running_) {
    end_for_ticket(*entry, {Finish::failed, failure_}, Clock::now());
    settle(entry, entry->outcome);
  }
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
