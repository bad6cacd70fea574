// The engine: what an answer is, whoever computes it.
#include "gateway_fake_backend.hpp"

namespace shardlm::app {
namespace {

TEST(Engine, answers_with_the_text_of_the_tokens) {
  FakeBackend backend("The capital of France is Paris.");
  Running running(backend);
  const Answered answer = collect(*running.engine.submit(job_of("What is it?")));
  EXPECT_EQ(answer.text, "The capital of France is Paris.");
  EXPECT_EQ(answer.outcome.finish, Finish::stop);
  EXPECT_EQ(answer.outcome.prompt_tokens, tokens_of("What is it?").size());
  EXPECT_EQ(answer.outcome.answer_tokens, tokens_of(answer.text).size()) << "the token that ends an answer does not count";
  EXPECT_EQ(answer.outcome.costs.rounds, 7u);
}

TEST(Engine, gives_the_backend_the_prompt_and_then_each_token) {
  FakeBackend backend("Paris.");
  Running running(backend);
  collect(*running.engine.submit(job_of("Where?", 20)));
  ASSERT_EQ(backend.requests.size(), 1u);
  EXPECT_EQ(backend.requests[0].protocol, "v3");
  EXPECT_EQ(backend.requests[0].prompt, tokens_of("Where?").size());
  EXPECT_EQ(backend.requests[0].decode, 19u) << "the last token is not read any more";
  std::vector<Token> given = tokens_of("Where?");
  for (const Token token : tokens_of("Paris.")) given.push_back(token);
  EXPECT_EQ(backend.given, given);
}

TEST(Engine, ends_at_the_most_tokens) {
  FakeBackend backend("one two three four five");
  Running running(backend);
  const Answered answer = collect(*running.engine.submit(job_of("Count", 2)));
  EXPECT_EQ(answer.outcome.finish, Finish::length);
  EXPECT_EQ(answer.outcome.answer_tokens, 2u);
}

TEST(Engine, ends_before_a_stop_text) {
  FakeBackend backend("one two three four five");
  Running running(backend);
  Job job = job_of("Count");
  job.stop = {" three", " five"};
  const Answered answer = collect(*running.engine.submit(std::move(job)));
  EXPECT_EQ(answer.text, "one two");
  EXPECT_EQ(answer.outcome.finish, Finish::stop);
  EXPECT_EQ(backend.finishes, 1);
}

TEST(Engine, pieces_are_whole_characters) {
  FakeBackend backend("\U0001f98a \u6f22\u5b57");  // characters of several tokens each
  Running running(backend);
  const Answered answer = collect(*running.engine.submit(job_of("Draw")));
  EXPECT_EQ(answer.text, "\U0001f98a \u6f22\u5b57");
  for (const Piece& piece : answer.pieces) EXPECT_EQ(text::Utf8Stream().push(piece.text), piece.text);
}

TEST(Engine, tells_the_likeliest_first_tokens) {
  FakeBackend backend("Paris");
  Running running(backend);
  Job job = job_of("Where?");
  job.top = 2;
  const Answered answer = collect(*running.engine.submit(std::move(job)));
  const Token first = tokens_of("Paris")[0];
  ASSERT_EQ(answer.outcome.top.size(), 2u);
  EXPECT_EQ(answer.outcome.top[0], std::make_pair(first, 2.0f));
  EXPECT_EQ(answer.outcome.top[1], std::make_pair(Token(0), 1.0f));
  EXPECT_EQ(answer.outcome.first, first);
}

TEST(Engine, tells_the_first_token_also_where_it_ends_the_answer) {
  FakeBackend backend("");
  Running running(backend);
  const Answered answer = collect(*running.engine.submit(job_of("Say nothing")));
  EXPECT_EQ(answer.outcome.first, end_token());
  EXPECT_EQ(answer.outcome.answer_tokens, 0u);
  EXPECT_EQ(answer.text, "");
}

TEST(Engine, shows_what_servers_see_of_each_step_only_where_that_is_wanted) {
  FakeBackend backend("one two");
  Running running(backend);
  for (const Piece& piece : collect(*running.engine.submit(job_of("Count"))).pieces) EXPECT_TRUE(piece.sights.empty());
  Job job = job_of("Count");
  job.show = true;
  std::vector<std::uint64_t> steps;
  for (const Piece& piece : collect(*running.engine.submit(std::move(job))).pieces)
    for (const Sight& sight : piece.sights) steps.push_back(sight.rounds);
  std::vector<std::uint64_t> all(tokens_of("one two").size() + 1);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
  EXPECT_EQ(steps, all) << "that of the step that ended the answer, too";
}

TEST(Engine, answers_one_after_another_in_the_order_in_which_they_came) {
  FakeBackend backend("yes");
  Gate gate;
  backend.on_step = [&](std::size_t) { gate.pass(); };
  Running running(backend);
  std::vector<std::unique_ptr<Ticket>> tickets;
  for (const std::size_t most : {3, 5, 7}) tickets.push_back(running.engine.submit(job_of("Is it?", most)));
  gate.open();
  for (const auto& ticket : tickets) EXPECT_EQ(collect(*ticket).text, "yes");
  ASSERT_EQ(backend.requests.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(backend.requests[i].decode, 2 + 2 * i);
}

TEST(Engine, answers_many_threads) {
  FakeBackend backend("yes, of course");
  Running running(backend, 100);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) right += collect(*running.engine.submit(job_of("Is it?"))).text == "yes, of course";
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
  EXPECT_EQ(backend.finishes, 160);
}

TEST(Engine, looks_after_the_other_ranks_while_it_waits) {
  FakeBackend backend("yes");
  Running running(backend);
  EXPECT_TRUE(eventually([&] { return backend.waits >= 3; }));
}

TEST(Engine, looks_after_the_other_ranks_though_jobs_never_leave_it_time) {
  FakeBackend backend("yes");
  backend.on_step = [](std::size_t) { std::this_thread::sleep_for(60ms); };
  Running running(backend);
  std::vector<std::unique_ptr<Ticket>> tickets;
  for (int i = 0; i < 5; ++i) tickets.push_back(running.engine.submit(job_of("Is it?", 1)));
  const int before = backend.waits;
  for (const auto& ticket : tickets) collect(*ticket);
  EXPECT_GE(backend.waits - before, 3);
}

TEST(Engine, refuses_what_the_backend_cannot_compute) {
  FakeBackend backend("yes");
  Running running(backend);
  Job job = job_of("Is it?");
  job.prompt.resize(101, job.prompt[0]);
  EXPECT_EQ(text::error_of([&] { running.engine.submit(job); }), "the prompt is too long");
}

TEST(Engine, refuses_sampling_out_of_range_before_it_waits) {
  FakeBackend backend("yes");
  Running running(backend);
  Job job = job_of("Is it?");
  job.sampling.top_p = 2;
  EXPECT_THROW(running.engine.submit(job), Error);
  job = job_of("Is it?");
  job.stop = {""};
  EXPECT_THROW(running.engine.submit(job), Error);
  EXPECT_THROW(running.engine.submit(job_of("Is it?", 0)), Error);
  EXPECT_THROW(running.engine.submit(job_of("")), Error);
  EXPECT_EQ(running.engine.state().waiting, 0u);
}

TEST(Engine, what_is_wrong_with_one_job_ends_that_job_alone) {
  FakeBackend backend("yes");
  backend.broken_logits = true;
  Running running(backend);
  const Outcome outcome = collect(*running.engine.submit(job_of("Is it?"))).outcome;
  EXPECT_EQ(outcome.finish, Finish::failed);
  text::expect_sentence(outcome.trouble, "The logit of token 0 is nan");
  EXPECT_EQ(backend.finishes, 1) << "the ranks are done with it, too";
  backend.broken_logits = false;
  EXPECT_EQ(collect(*running.engine.submit(job_of("Is it?"))).text, "yes");
}

TEST(Engine, a_seed_draws_the_same_answer_again) {
  FakeBackend backend("yes");
  Running running(backend);
  Job job = job_of("Is it?", 12);
  job.sampling.temperature = 5;
  job.sampling.seed = 7;
  EXPECT_EQ(collect(*running.engine.submit(job)).text, collect(*running.engine.submit(job)).text);
}

}  // namespace
}  // namespace shardlm::app
