// Stands in for four ranks: answers with a given text, token by token, and counts what it is asked for.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

#include "gateway/engine.hpp"
#include "text_vectors.hpp"

namespace shardlm::app {

using namespace std::chrono_literals;
using text::Token;

constexpr auto kLong = 20s;  // in which all that is to come comes, on the slowest machine

inline std::shared_ptr<const text::Tokenizer> tokenizer() { return {&text::small_tokenizer(), [](const text::Tokenizer*) {}}; }
inline Token end_token() { return tokenizer()->token("<|im_end|>"); }
inline std::vector<Token> tokens_of(const std::string& text) { return tokenizer()->encode(text); }

class FakeBackend : public Backend {
 public:
  // The tokens of `says`, then the token that ends an answer, again and again.
  explicit FakeBackend(const std::string& says) : says_(tokens_of(says)) { says_.push_back(end_token()); }

  void begin(const BackendRequest& request) override {
    requests.push_back(request);
    step_ = 0;
  }
  std::vector<float> step(const std::vector<Token>& tokens) override {
    given.insert(given.end(), tokens.begin(), tokens.end());
    on_step(step_);
    std::vector<float> logits(tokenizer()->size(), -1);
    const Token said = says_[step_++ % says_.size()];
    logits[std::size_t(said)] = 2;
    logits[std::size_t(said == 0 ? 1 : 0)] = 1;
    if (broken_logits) logits[0] = std::numeric_limits<float>::quiet_NaN();
    return logits;
  }
  std::vector<Sight> sights() override { return {{"server 0", step_, 100 * step_, {{"client", "embedding", 4096, {1, 2, 3}}}}}; }
  RequestCosts finish() override {
    ++finishes;
    RequestCosts costs;
    costs.rounds = 7;
    return costs;
  }
  void while_waiting() override {
    ++waits;
    on_wait();
  }
  std::vector<PoolLevel> pool() override { return {{64, 1, 2}}; }
  std::string trouble(const BackendRequest& request) const override { return request.prompt > 100 ? "the prompt is too long" : ""; }

  std::vector<BackendRequest> requests;
  std::vector<Token> given;
  bool broken_logits = false;
  std::atomic<int> finishes{0}, waits{0};
  std::function<void(std::size_t step)> on_step = [](std::size_t) {};
  std::function<void()> on_wait = [] {};

 private:
  std::vector<Token> says_;
  std::size_t step_ = 0;
};

// Shut until it is opened; so that a test decides when a step is over.
class Gate {
 public:
  void open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait_for(lock, kLong, [&] { return open_; });
  }
  bool someone_came() {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kLong, [&] { return arrived_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
};

inline bool eventually(const std::function<bool()>& holds) {
  for (const auto end = std::chrono::steady_clock::now() + kLong; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(2ms))
    if (holds()) return true;
  return false;
}

inline Job job_of(const std::string& prompt, std::size_t most = 100) {
  Job job;
  job.protocol = "v3";
  job.prompt = tokens_of(prompt);
  job.most = most;
  return job;
}

struct Answered {
  std::string text;
  std::vector<Piece> pieces;
  Outcome outcome;
};

// All of an answer.
inline Answered collect(Ticket& ticket) {
  Answered out;
  Piece piece;
  for (Ticket::Came came; (came = ticket.next(piece, kLong)) != Ticket::Came::end;) {
    if (came == Ticket::Came::nothing) {
      ADD_FAILURE() << "nothing came";
      break;
    }
    out.text += piece.text;
    out.pieces.push_back(piece);
  }
  out.outcome = ticket.outcome();
  return out;
}

// An engine whose run() is in a thread of its own.
class Running {
 public:
  explicit Running(FakeBackend& backend, std::size_t queue = 16) : engine(tokenizer(), {end_token()}, {queue}) {
    engine.on_finished([this](const Job& job, const Outcome& outcome) {
      const std::lock_guard<std::mutex> lock(mutex_);
      prompts_seen_ += job.prompt.size();
      finished_.push_back(outcome.finish);
    });
    thread_ = std::thread([this, &backend] {
      try {
        engine.run(backend);
      } catch (const std::exception& error) {
        thrown_ = error.what();
      }
    });
    EXPECT_TRUE(eventually([this] { return engine.state().ready || !engine.state().trouble.empty(); }));
  }
  ~Running() {
    engine.stop(false, 0ms);
    if (thread_.joinable()) thread_.join();
  }
  // What run() threw, or "".
  std::string join() {
    thread_.join();
    return thrown_;
  }
  std::vector<Finish> finished() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return finished_;
  }
  std::size_t prompt_tokens_seen_by_the_observer() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return prompts_seen_;
  }

  Engine engine;

 private:
  std::thread thread_;
  std::string thrown_;
  std::mutex mutex_;
  std::vector<Finish> finished_;
  std::size_t prompts_seen_ = 0;
};

}  // namespace shardlm::app
