#include "gateway/engine.hpp"

#include "answering.hpp"
#include "clock.hpp"
#include "gateway/job_queue.hpp"

namespace shardlm::app {
namespace {

constexpr std::chrono::milliseconds kIdle{50};          // between two looks after the other ranks
constexpr std::chrono::milliseconds kCollection{1000};  // in which those who ask can fetch that the gateway failed

}  // namespace

struct Engine::Impl {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  std::vector<text::Token> end_tokens;
  std::shared_ptr<JobQueue> queue;  // tickets hold it, too
  std::function<void(const Job&, const Outcome&)> observer = [](const Job&, const Outcome&) {};

  void loop(Backend& backend);
  void answer(Backend& backend, const JobQueue::Handle& entry);
  void compute(Backend& backend, JobQueue::Entry& entry, Outcome& outcome);
  void tell_observer();
};

namespace {

// One job on the backend. Tells what the backend throws, which ends everything, from what is wrong with the job alone.
class Run {
 public:
  // between_steps: what else there is to do, however long this answer takes.
  Run(Backend& backend, JobQueue& queue, JobQueue::Entry& entry, std::function<void()> between_steps)
      : backend_(backend), queue_(queue), entry_(entry), between_steps_(std::move(between_steps)) {}

  void begin() {
    const Job& job = entry_.job;
    backend_.begin({job.protocol, job.prompt.size(), job.most - 1, job.show});
  }
  // Throws BackendFailure.
  Answer answer(Answerer& answerer, std::vector<text::Token>& seen) {
    const Job& job = entry_.job;
    Manner manner;
    manner.most = job.most;
    manner.say = [this](const std::string& text, std::size_t tokens) { queue_.push(entry_, {text, tokens, std::exchange(sights_, {})}); };
    manner.stopped = [this] {
      between_steps_();
      return queue_.given_up(entry_);
    };
    manner.stop_texts = job.stop;
    manner.top = job.top;
    return answerer.answer([this](const std::vector<text::Token>& tokens) { return step(tokens); }, job.prompt, seen, manner);
  }

  struct BackendFailure {
    std::exception_ptr cause;
  };

 private:
  std::vector<float> step(const std::vector<text::Token>& tokens) {
    try {
      std::vector<float> logits = backend_.step(tokens);
      if (entry_.job.show) sights_ = backend_.sights();
      return logits;
    } catch (...) {
      throw BackendFailure{std::current_exception()};
    }
  }

  Backend& backend_;
  JobQueue& queue_;
  JobQueue::Entry& entry_;
  std::function<void()> between_steps_;
  std::vector<Sight> sights_;  // of the last step, not shown yet
};

void take_over(Outcome& outcome, Answer& answer) {
  outcome.finish = answer.stopped ? Finish::cancelled : answer.ended ? Finish::stop : Finish::length;
  outcome.answer_tokens = answer.tokens;
  outcome.decode_steps = answer.steps > 0 ? answer.steps - 1 : 0;
  outcome.first = answer.first;
  outcome.top = std::move(answer.top);
  outcome.prefill_ms = answer.prefill * 1e3;
  outcome.decode_ms = answer.decode * 1e3;
  wipe_and_clear(answer.text);
}

}  // namespace

void Engine::Impl::compute(Backend& backend, JobQueue::Entry& entry, Outcome& outcome) {
  Run run(backend, *queue, entry, [this] { tell_observer(); });
  std::vector<text::Token> seen = entry.job.prompt;
  seen.reserve(seen.size() + entry.job.most);  // so that it is wiped where it is
  run.begin();
  try {
    Answerer answerer(tokenizer, entry.job.sampling, end_tokens);
    Answer answer = run.answer(answerer, seen);
    take_over(outcome, answer);
  } catch (const Run::BackendFailure& failure) {
    wipe_and_clear(seen);
    std::rethrow_exception(failure.cause);
  } catch (const Error& error) {
    outcome.trouble = error.what();
    outcome.answer_tokens = entry.tokens;
  }
  wipe_and_clear(seen);
  outcome.costs = backend.finish();
  outcome.prefill_ms = std::max(0.0, outcome.prefill_ms - outcome.costs.embedding_ms);  // a step begins with its embeddings
}

void Engine::Impl::answer(Backend& backend, const JobQueue::Handle& entry) {
  Outcome outcome;
  outcome.prompt_tokens = entry->job.prompt.size();
  outcome.queued_ms = std::chrono::duration<double, std::milli>(entry->taken - entry->came).count();
  const Clock clock;
  compute(backend, *entry, outcome);
  outcome.total_ms = clock.seconds() * 1e3;
  queue->end(entry, std::move(outcome));
}

void Engine::Impl::tell_observer() {
  for (const auto& [entry, outcome] : queue->finished()) observer(entry->job, outcome);
}

void Engine::Impl::loop(Backend& backend) {
  queue->levels(backend.pool());
  queue->open(backend);
  auto due = std::chrono::steady_clock::now() + kIdle;
  while (!queue->over()) {
    const JobQueue::Handle entry = queue->take(due);
    if (entry) answer(backend, entry);
    tell_observer();
    if (std::chrono::steady_clock::now() < due) continue;
    backend.while_waiting();  // also between jobs that leave it no time to wait
    queue->levels(backend.pool());
    due = std::chrono::steady_clock::now() + kIdle;
  }
  tell_observer();
  if (const std::string failure = queue->failure(); !failure.empty()) throw Error(failure);
}

Engine::Engine(std::shared_ptr<const text::Tokenizer> tokenizer, std::vector<text::Token> end_tokens, Limits limits) : impl_(new Impl) {
  impl_->tokenizer = std::move(tokenizer);
  impl_->end_tokens = std::move(end_tokens);
  impl_->queue = std::make_shared<JobQueue>(limits.queue);
}

// Tickets may live on: nobody shall wait for what will not come.
Engine::~Engine() { impl_->queue->fail("the gateway is ending"); }

std::unique_ptr<Ticket> Engine::submit(Job job) { return impl_->queue->submit(std::move(job)); }
EngineState Engine::state() const { return impl_->queue->state(); }
void Engine::on_finished(std::function<void(const Job&, const Outcome&)> observer) { impl_->observer = std::move(observer); }
void Engine::stop(bool finish, std::chrono::milliseconds patience) { impl_->queue->stop(finish, patience); }
void Engine::fail(const std::string& sentence) { impl_->queue->fail(sentence); }

void Engine::run(Backend& backend) {
  JobQueue& queue = *impl_->queue;
  const auto failed = [&](const std::string& sentence) {
    queue.fail(sentence);
    queue.close();
    impl_->tell_observer();
    queue.wait_for_collection(kCollection);
  };
  try {
    impl_->loop(backend);
  } catch (const std::exception& error) {
    failed(error.what());
    throw;
  } catch (...) {
    failed("the gateway failed");
    throw;
  }
  queue.close();
}

}  // namespace shardlm::app
