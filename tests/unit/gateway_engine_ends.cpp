// The engine: all the ways in which a job ends before its answer does, and in which the engine ends.
#include "gateway_fake_backend.hpp"

namespace shardlm::app {
namespace {

// A backend that stands in its first step until the gate opens, and an engine that has taken a job which stands there.
struct Stuck {
  explicit Stuck(std::size_t queue = 16) : running(backend, queue) {
    backend.on_step = [this](std::size_t) {
      gate.pass();
      if (!dies_of.empty()) throw Error(dies_of);
    };
    ticket = running.engine.submit(job_of("first"));
    EXPECT_TRUE(gate.someone_came());
  }
  ~Stuck() { gate.open(); }

  Gate gate;
  std::string dies_of;  // set before the gate opens: what a rank dies of in the step
  FakeBackend backend{"one two three"};
  Running running;
  std::unique_ptr<Ticket> ticket;
};

TEST(EngineQueue, is_bounded) {
  Stuck stuck(2);
  const auto second = stuck.running.engine.submit(job_of("second")), third = stuck.running.engine.submit(job_of("third"));
  EXPECT_EQ(stuck.running.engine.state().waiting, 2u);
  EXPECT_EQ(stuck.running.engine.state().running, 1u);
  try {
    stuck.running.engine.submit(job_of("fourth"));
    FAIL() << "the queue has no place left";
  } catch (const Busy& busy) {
    EXPECT_GE(busy.seconds, 1);
    EXPECT_NE(std::string(busy.what()).find("2 requests wait already"), std::string::npos) << busy.what();
  }
}

// However long an answer takes, those who gave up meanwhile are counted, and their jobs are gone.
TEST(EngineQueue, jobs_that_end_while_another_is_answered_are_told_of_before_it_ends) {
  FakeBackend backend{"one two three"};
  Running* engine = nullptr;
  Gate begun;
  bool told = false;
  backend.on_step = [&](std::size_t step) {
    if (step == 0) begun.pass();
    if (step == 1) told = engine->finished().size() == 1;
  };
  Running running(backend);
  engine = &running;
  const auto answered = running.engine.submit(job_of("first"));
  EXPECT_TRUE(begun.someone_came());
  running.engine.submit(job_of("second")).reset();  // its ticket goes, and with it the job
  begun.open();
  collect(*answered);
  EXPECT_TRUE(told);
}

TEST(EngineQueue, says_when_to_come_again_by_how_long_jobs_took) {
  FakeBackend backend("yes");
  Gate gate;
  std::atomic<bool> stuck{false};
  backend.on_step = [&](std::size_t) { stuck ? gate.pass() : std::this_thread::sleep_for(300ms); };
  Running running(backend, 4);
  collect(*running.engine.submit(job_of("takes 0.3 s", 1)));
  stuck = true;
  std::vector<std::unique_ptr<Ticket>> tickets;
  for (int i = 0; i < 5; ++i) tickets.push_back(running.engine.submit(job_of("waits")));
  try {
    running.engine.submit(job_of("one too many"));
    FAIL() << "the queue has no place left";
  } catch (const Busy& busy) {
    EXPECT_GE(busy.seconds, 2) << "five jobs before it";
  }
  tickets.clear();
  gate.open();
}

TEST(EngineQueue, of_no_places_takes_a_job_where_none_is_answered) {
  Stuck stuck(0);
  EXPECT_THROW(stuck.running.engine.submit(job_of("second")), Busy);
  stuck.gate.open();
  EXPECT_EQ(collect(*stuck.ticket).text, "one two three");
}

TEST(EngineQueue, a_cancelled_job_frees_its_place_at_once) {
  Stuck stuck(1);
  const auto second = stuck.running.engine.submit(job_of("second"));
  EXPECT_THROW(stuck.running.engine.submit(job_of("third")), Busy);
  second->cancel();
  EXPECT_EQ(collect(*second).outcome.finish, Finish::cancelled);
  EXPECT_NO_THROW(stuck.running.engine.submit(job_of("third")));
}

TEST(EngineQueue, a_ticket_that_is_given_away_frees_its_place_at_once) {
  Stuck stuck(1);
  stuck.running.engine.submit(job_of("second"));
  EXPECT_EQ(stuck.running.engine.state().waiting, 0u);
}

TEST(EngineQueue, a_job_whose_deadline_passes_while_it_waits_ends_then) {
  Stuck stuck;
  Job job = job_of("second");
  job.deadline = std::chrono::steady_clock::now() + 20ms;
  const auto second = stuck.running.engine.submit(job);
  const Answered answer = collect(*second);
  EXPECT_EQ(answer.outcome.finish, Finish::deadline);
  EXPECT_GE(answer.outcome.queued_ms, 19);
  EXPECT_FALSE(answer.outcome.trouble.empty());
}

TEST(EngineQueue, a_deadline_that_passed_is_noticed_without_anyone_who_asks) {
  Stuck stuck;
  Job job = job_of("second");
  job.deadline = std::chrono::steady_clock::now() + 20ms;
  const auto second = stuck.running.engine.submit(job);
  std::this_thread::sleep_for(30ms);
  stuck.gate.open();
  collect(*stuck.ticket);
  EXPECT_TRUE(eventually([&] { return stuck.running.finished().size() == 2; }));
  EXPECT_EQ(stuck.backend.requests.size(), 1u) << "it is not begun any more";
}

TEST(EngineQueue, says_nothing_where_nothing_came_in_time) {
  Stuck stuck;
  Piece piece;
  EXPECT_EQ(stuck.ticket->next(piece, 5ms), Ticket::Came::nothing);
}

TEST(EngineAnswer, is_over_within_a_token_where_it_is_cancelled) {
  FakeBackend backend("one two three four five six seven");
  std::unique_ptr<Ticket> ticket;
  Gate submitted;
  backend.on_step = [&](std::size_t step) {
    submitted.pass();
    if (step == 1) ticket->cancel();
  };
  Running running(backend);
  ticket = running.engine.submit(job_of("Count"));
  submitted.open();
  const Answered answer = collect(*ticket);
  EXPECT_EQ(answer.outcome.finish, Finish::cancelled);
  EXPECT_LE(answer.outcome.answer_tokens, 1u);
  EXPECT_TRUE(eventually([&] { return backend.finishes == 1; })) << "the ranks are done with it, too";
  EXPECT_EQ(backend.given.size(), tokens_of("Count").size() + 1);
}

TEST(EngineAnswer, is_over_within_a_token_where_its_ticket_is_given_away) {
  Stuck stuck;
  stuck.ticket.reset();
  stuck.gate.open();
  EXPECT_TRUE(eventually([&] { return stuck.running.finished() == std::vector<Finish>{Finish::cancelled}; }));
  EXPECT_EQ(stuck.backend.finishes, 1);
}

TEST(EngineAnswer, ends_at_its_deadline_for_who_asked_even_within_a_step) {
  FakeBackend backend("one two three");
  Gate gate;
  backend.on_step = [&](std::size_t) { gate.pass(); };
  Running running(backend);
  Job job = job_of("Count");
  job.deadline = std::chrono::steady_clock::now() + 50ms;
  const auto ticket = running.engine.submit(job);
  EXPECT_EQ(collect(*ticket).outcome.finish, Finish::deadline);
  EXPECT_EQ(backend.finishes, 0) << "the step is still computed";
  gate.open();
  EXPECT_TRUE(eventually([&] { return running.finished() == std::vector<Finish>{Finish::deadline}; }));
}

TEST(EngineObserver, is_told_of_each_job_and_sees_no_prompt) {
  Stuck stuck;
  stuck.running.engine.submit(job_of("dropped while it waits"));
  stuck.gate.open();
  collect(*stuck.ticket);
  EXPECT_TRUE(eventually([&] { return stuck.running.finished() == std::vector<Finish>{Finish::cancelled, Finish::stop}; }));
  EXPECT_EQ(stuck.running.prompt_tokens_seen_by_the_observer(), 0u);
}

TEST(EngineEnd, before_it_runs_nothing_is_taken) {
  Engine engine(tokenizer(), {end_token()}, {1});
  EXPECT_FALSE(engine.state().ready);
  EXPECT_EQ(engine.state().trouble, "") << "it may still be ready";
  EXPECT_THROW(engine.submit(job_of("Is it?")), Unavailable);
}

TEST(EngineEnd, stop_finishes_what_waits) {
  Stuck stuck;
  const auto second = stuck.running.engine.submit(job_of("second"));
  stuck.running.engine.stop(true, kLong);
  EXPECT_THROW(stuck.running.engine.submit(job_of("third")), Unavailable);
  stuck.gate.open();
  EXPECT_EQ(collect(*stuck.ticket).text, "one two three");
  EXPECT_EQ(collect(*second).text, "one two three");
  EXPECT_EQ(stuck.running.join(), "");
}

TEST(EngineEnd, stop_cancels_what_is_not_finished_in_its_patience) {
  Stuck stuck;
  const auto second = stuck.running.engine.submit(job_of("second"));
  stuck.running.engine.stop(true, 20ms);
  for (Ticket* ticket : {stuck.ticket.get(), second.get()}) {
    const Outcome outcome = collect(*ticket).outcome;
    EXPECT_EQ(outcome.finish, Finish::cancelled);
    EXPECT_EQ(outcome.trouble, "the gateway is ending");
  }
  stuck.gate.open();
  EXPECT_EQ(stuck.running.join(), "");
  EXPECT_EQ(stuck.backend.finishes, 1);
}

TEST(EngineEnd, stop_cancels_at_once_where_nothing_is_to_be_finished) {
  Stuck stuck;
  const auto second = stuck.running.engine.submit(job_of("second"));
  stuck.running.engine.stop(false, kLong);
  EXPECT_EQ(collect(*second).outcome.finish, Finish::cancelled);
  stuck.gate.open();
  EXPECT_EQ(stuck.running.join(), "");
}

TEST(EngineEnd, a_rank_that_dies_within_a_step_fails_all_jobs) {
  Stuck stuck;
  const auto second = stuck.running.engine.submit(job_of("second"));
  stuck.dies_of = "rank 2 (server 1) is gone";
  stuck.gate.open();
  for (Ticket* ticket : {stuck.ticket.get(), second.get()}) {
    const Outcome outcome = collect(*ticket).outcome;
    EXPECT_EQ(outcome.finish, Finish::failed);
    EXPECT_EQ(outcome.trouble, "rank 2 (server 1) is gone");
  }
  EXPECT_EQ(stuck.running.join(), "rank 2 (server 1) is gone") << "the exception goes on";
  EXPECT_EQ(text::error_of([&] { stuck.running.engine.submit(job_of("third")); }), "rank 2 (server 1) is gone");
  EXPECT_EQ(stuck.running.engine.state().trouble, "rank 2 (server 1) is gone");
  EXPECT_EQ(stuck.running.finished().size(), 2u);
}

TEST(EngineEnd, a_rank_that_dies_while_nobody_asks_ends_it) {
  FakeBackend backend("yes");
  backend.on_wait = [] { throw Error("rank 3 (dealer) is gone"); };
  Running running(backend);
  EXPECT_EQ(running.join(), "rank 3 (dealer) is gone");
  EXPECT_THROW(running.engine.submit(job_of("Is it?")), Unavailable);
}

TEST(EngineEnd, fail_ends_all_tickets_though_the_rank_is_stuck) {
  Stuck stuck;
  const auto second = stuck.running.engine.submit(job_of("second"));
  stuck.running.engine.fail("mpirun ends the job");
  EXPECT_EQ(collect(*stuck.ticket).outcome.trouble, "mpirun ends the job");
  EXPECT_EQ(collect(*second).outcome.finish, Finish::failed);
  EXPECT_THROW(stuck.running.engine.submit(job_of("third")), Unavailable);
  stuck.ticket.reset();
  stuck.gate.open();
  EXPECT_EQ(stuck.running.join(), "mpirun ends the job");
}

TEST(EngineEnd, a_ticket_may_outlive_the_engine) {
  FakeBackend backend("yes");
  auto running = std::make_unique<Running>(backend);
  const auto ticket = running->engine.submit(job_of("Is it?"));
  const Answered answer = collect(*ticket);
  running.reset();
  EXPECT_EQ(ticket->outcome().finish, Finish::stop);
}

}  // namespace
}  // namespace shardlm::app
