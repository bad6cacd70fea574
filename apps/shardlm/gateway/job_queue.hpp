// The bounded queue of the gateway's engine: jobs that wait, the one that is answered, and their tickets. All its functions may be called from
// any thread; nothing here waits while it holds the lock, and nothing here computes.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/engine.hpp"
#include "shardlm/core/wipe.hpp"

namespace shardlm::app {

// Overwrites what a text or tokens say, best effort: copies that were made on the way are not known here.
template <class Values>
void wipe_and_clear(Values& values) {
  wipe(values.data(), values.size() * sizeof(typename Values::value_type));
  values.clear();
}

class JobQueue : public std::enable_shared_from_this<JobQueue> {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  // A job and what is known of it. `job` is not changed while it is answered, so that whoever answers it needs no lock to read it.
  struct Entry {
    Job job;
    Time came, taken;
    std::deque<Piece> pieces;  // not fetched yet
    std::size_t tokens = 0;    // of the answer so far
    bool cancelled = false;
    bool ended = false;  // for its ticket; what computes it may not know yet
    Outcome outcome;     // once it ended
    std::condition_variable news;
  };
  using Handle = std::shared_ptr<Entry>;
  using Finished = std::pair<Handle, Outcome>;

  explicit JobQueue(std::size_t limit) : limit_(limit) {}

  // For those who ask.
  std::unique_ptr<Ticket> submit(Job job);
  Ticket::Came next(Entry& entry, Piece& piece, std::chrono::milliseconds patience);
  void cancel(Entry& entry);
  void leave(Entry& entry);  // its ticket is gone
  EngineState state() const;

  // For the thread that answers.
  void open(const Backend& backend);  // from now on jobs are taken
  void close();                       // the backend goes away; what was taken and did not end has failed
  Handle take(Time until);            // the next job; none where none came until then, or where none will come
  void push(Entry& entry, Piece piece);
  bool given_up(const Entry& entry);  // looks for the others' deadlines, too
  // The entry that was taken is through. Finish::cancelled: it was given up on, for whatever reason.
  void end(const Handle& entry, Outcome outcome);
  std::vector<Finished> finished();  // since the last call
  bool over() const;                 // nothing more will be taken
  std::string failure() const;       // the sentence that fail() was given, or ""
  void levels(std::vector<PoolLevel> pool);
  void wait_for_collection(std::chrono::milliseconds patience);  // until no ticket is left

  void stop(bool finish, std::chrono::milliseconds patience);
  void fail(const std::string& sentence);

 private:
  struct End {
    Finish finish;
    std::string trouble;
  };
  std::optional<End> reason(const Entry& entry, Time now) const;
  void check(const Job& job) const;
  int seconds_until_free() const;
  void settle(const Handle& entry, Outcome outcome);
  void end_for_ticket(Entry& entry, const End& end, Time now);
  void drop_waiting(Entry& entry, const End& end, Time now);
  void drop_hopeless(Time now);  // those who wait
  void wake_all();

  using Lock = std::lock_guard<std::mutex>;
  static constexpr const char* kEnding = "the gateway is ending";
  static constexpr std::chrono::hours kLongestPatience{24};  // no time overflows

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable work_, collected_;
  std::deque<Handle> waiting_;
  Handle running_;
  std::vector<Finished> finished_;
  const Backend* backend_ = nullptr;
  std::vector<PoolLevel> pool_;
  std::string failure_;
  bool stopping_ = false;
  Time last_ = Time::max();    // when all must be over, once it is stopping
  double mean_seconds_ = 0;    // of a job, recently
  std::size_t tickets_ = 0;
};

}  // namespace shardlm::app
