// The queue between those who ask, in threads of their own, and the one thread that may talk to the other ranks.
//
// A job is one request, a conversation of its own: nothing of it stays with any rank when it is finished. Jobs are taken in the order in
// which they came, one at a time. No prompt and no answer is kept once its ticket is gone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gateway/backend.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/text/sampler.hpp"

namespace shardlm::app {

// The queue is full: come again after so many seconds.
struct Busy : Error {
  Busy(const std::string& sentence, int seconds) : Error(sentence), seconds(seconds) {}
  int seconds;
};
// Nothing will be answered any more: a rank is gone, or the gateway ends; or nothing yet: it still starts.
struct Unavailable : Error {
  using Error::Error;
};

struct Job {
  std::string protocol;
  std::vector<text::Token> prompt;
  std::size_t most = 1;             // tokens of the answer
  text::SamplerOptions sampling;
  std::vector<std::string> stop;    // texts before the first of which the answer ends
  std::size_t top = 0;              // how many of the likeliest first tokens are wanted
  bool show = false;                // what the servers see is wanted
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

enum class Finish { stop, length, cancelled, deadline, failed };

// One token's part of the answer. text may be empty: a character that is not whole yet, or what may become a stop text.
struct Piece {
  std::string text;
  std::size_t tokens = 0;      // of the answer so far
  std::vector<Sight> sights;   // where they were wanted
};

struct Outcome {
  Finish finish = Finish::failed;
  std::string trouble;  // with Finish::failed and deadline, and where the gateway gave up on it: one sentence
  std::size_t prompt_tokens = 0, answer_tokens = 0;
  std::size_t decode_steps = 0;                       // of one token each, after the prompt's; decode_ms is theirs
  std::optional<text::Token> first;                   // the first token that was chosen, also one that ends an answer
  std::vector<std::pair<text::Token, float>> top;     // likeliest first tokens and their logits, falling
  RequestCosts costs;
  double queued_ms = 0, prefill_ms = 0, decode_ms = 0, total_ms = 0;  // total: from its begin to the reports
};

// One job, as the thread that asked for it sees it. Where it is given up on, for a deadline, a cancel() or the gateway's end, it ends at once for
// this thread, even where a step of it is still computed; outcome() then has what was known. It may outlive the engine.
class Ticket {
 public:
  virtual ~Ticket() = default;  // cancels what is not finished
  enum class Came { piece, nothing, end };
  virtual Came next(Piece& piece, std::chrono::milliseconds patience) = 0;
  virtual void cancel() = 0;                // frees its place at once where it waits, within a token where it is answered
  virtual const Outcome& outcome() const = 0;  // after next() said end
};

// Counters since the start, for /metrics.
struct EngineState {
  bool ready = false;      // takes jobs
  std::string trouble;     // why not, where it never will again
  std::size_t waiting = 0, running = 0;
  std::vector<PoolLevel> pool;
};

class Engine {
 public:
  struct Limits {
    std::size_t queue = 16;  // jobs that may wait
  };
  Engine(std::shared_ptr<const text::Tokenizer> tokenizer, std::vector<text::Token> end_tokens, Limits limits);
  ~Engine();

  // From any thread. Throws Busy, Unavailable, and Error for what is wrong with the job: its sampling, its stop texts, what the backend's trouble()
  // says. That its tokens are of the model's vocabulary is the caller's to see to.
  std::unique_ptr<Ticket> submit(Job job);
  EngineState state() const;
  // Told of each finished job, whoever gave up on it; from the thread of run(), and set before that. The job's prompt and stop texts are wiped by then.
  void on_finished(std::function<void(const Job&, const Outcome&)> observer);

  // In the thread that may use the backend: answers jobs until stop() was called and none is left, or the backend throws: then all who wait
  // are told that the gateway failed, submit() throws Unavailable, and the exception goes on, after those who wait had up to a second to fetch that.
  // What is wrong with one job alone (logits that are no numbers) ends that job alone. After fail() it throws Error with that sentence.
  void run(Backend& backend);
  // From any thread, not from within a signal's handler. finish: what runs and waits is still answered, until `patience` is over; else it is cancelled.
  void stop(bool finish, std::chrono::milliseconds patience);
  // From any thread: all tickets end with Finish::failed and this sentence, now; run() need not return.
  void fail(const std::string& sentence);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::app
