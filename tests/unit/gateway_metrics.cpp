// What /metrics tells.
#include <gtest/gtest.h>

#include <thread>

#include "gateway/metrics.hpp"

namespace shardlm::app {
namespace {

Job job(const std::string& protocol = "v3") {
  Job job;
  job.protocol = protocol;
  return job;
}

Outcome outcome() {
  Outcome outcome;
  outcome.finish = Finish::stop;
  outcome.prompt_tokens = 19;
  outcome.answer_tokens = 4;
  outcome.decode_steps = 4;
  outcome.queued_ms = 500;
  outcome.prefill_ms = 1000;
  outcome.decode_ms = 120;
  outcome.total_ms = 1500;
  outcome.costs.rounds = 100;
  outcome.costs.key_bytes = 4096;
  outcome.costs.dealer_waited_ms = 250;
  return outcome;
}

// What follows a series' name and labels on its line; "" where there is no such line.
std::string value(const std::string& text, const std::string& series) {
  const std::string all = "\n" + text;
  const std::size_t at = all.find("\n" + series + " ");
  if (at == std::string::npos) return "";
  const std::size_t from = at + 1 + series.size() + 1;
  return all.substr(from, all.find('\n', from) - from);
}

TEST(Metrics, are_there_before_the_first_request) {
  const std::string text = Metrics({"v3", "v2"}).text({});
  EXPECT_EQ(value(text, "shardlm_ready"), "0");
  EXPECT_EQ(value(text, "shardlm_requests_total{finish=\"stop\",protocol=\"v2\"}"), "0");
  EXPECT_EQ(value(text, "shardlm_bytes_total{kind=\"keys\"}"), "0");
  EXPECT_EQ(value(text, "shardlm_prefill_seconds_count{protocol=\"v3\"}"), "0");
}

TEST(Metrics, count_a_finished_request) {
  Metrics metrics({"v3"});
  metrics.observe(job(), outcome());
  const std::string text = metrics.text({});
  EXPECT_EQ(value(text, "shardlm_requests_total{finish=\"stop\",protocol=\"v3\"}"), "1");
  EXPECT_EQ(value(text, "shardlm_prompt_tokens_total"), "19");
  EXPECT_EQ(value(text, "shardlm_answer_tokens_total"), "4");
  EXPECT_EQ(value(text, "shardlm_rounds_total"), "100");
  EXPECT_EQ(value(text, "shardlm_bytes_total{kind=\"keys\"}"), "4096");
  EXPECT_EQ(value(text, "shardlm_dealer_waited_seconds_total"), "0.25");
}

TEST(Metrics, time_a_finished_request) {
  Metrics metrics({"v3"});
  metrics.observe(job(), outcome());
  const std::string text = metrics.text({});
  EXPECT_EQ(value(text, "shardlm_queue_seconds_sum{protocol=\"v3\"}"), "0.5");
  EXPECT_EQ(value(text, "shardlm_prefill_seconds_sum{protocol=\"v3\"}"), "1");
  EXPECT_EQ(value(text, "shardlm_request_seconds_sum{protocol=\"v3\"}"), "2") << "waiting included";
  EXPECT_EQ(value(text, "shardlm_token_seconds_count{protocol=\"v3\"}"), "4");
  EXPECT_EQ(value(text, "shardlm_token_seconds_bucket{protocol=\"v3\",le=\"0.05\"}"), "4") << "30 ms each";
  EXPECT_EQ(value(text, "shardlm_token_seconds_bucket{protocol=\"v3\",le=\"0.02\"}"), "0");
}

TEST(Metrics, of_a_request_that_was_never_computed_count_that_it_waited) {
  Metrics metrics({"v3"});
  Outcome gone;
  gone.finish = Finish::deadline;
  gone.prompt_tokens = 19;
  gone.queued_ms = 1000;
  metrics.observe(job(), gone);
  const std::string text = metrics.text({});
  EXPECT_EQ(value(text, "shardlm_requests_total{finish=\"deadline\",protocol=\"v3\"}"), "1");
  EXPECT_EQ(value(text, "shardlm_queue_seconds_count{protocol=\"v3\"}"), "1");
  EXPECT_EQ(value(text, "shardlm_prefill_seconds_count{protocol=\"v3\"}"), "0");
  EXPECT_EQ(value(text, "shardlm_prompt_tokens_total"), "0");
  EXPECT_EQ(value(text, "shardlm_pool_misses_total"), "0");
}

TEST(Metrics, tell_prompts_that_were_dealt_before_they_came) {
  Metrics metrics({"v3"});
  metrics.observe(job(), outcome());
  Outcome pooled = outcome();
  pooled.costs.from_pool = true;
  metrics.observe(job(), pooled);
  metrics.observe(job(), pooled);
  const std::string text = metrics.text({});
  EXPECT_EQ(value(text, "shardlm_pool_hits_total"), "2");
  EXPECT_EQ(value(text, "shardlm_pool_misses_total"), "1");
}

TEST(Metrics, show_the_engine_as_it_is) {
  EngineState state;
  state.ready = true;
  state.waiting = 3;
  state.running = 1;
  state.pool = {{64, 1, 2}, {256, 0, 1}};
  const std::string text = Metrics({"v3"}).text(state);
  EXPECT_EQ(value(text, "shardlm_ready"), "1");
  EXPECT_EQ(value(text, "shardlm_queue_waiting"), "3");
  EXPECT_EQ(value(text, "shardlm_running"), "1");
  EXPECT_EQ(value(text, "shardlm_pool_ready{positions=\"64\"}"), "1");
  EXPECT_EQ(value(text, "shardlm_pool_wanted{positions=\"64\"}"), "2");
  EXPECT_EQ(value(text, "shardlm_pool_ready{positions=\"256\"}"), "0");
}

TEST(Metrics, count_http_requests_by_path_and_status) {
  Metrics metrics({"v3"});
  metrics.observe_http("/v1/chat/completions", 200);
  metrics.observe_http("/v1/chat/completions", 200);
  metrics.observe_http("/v1/chat/completions", 429);
  const std::string text = metrics.text({});
  EXPECT_EQ(value(text, "shardlm_http_requests_total{path=\"/v1/chat/completions\",status=\"200\"}"), "2");
  EXPECT_EQ(value(text, "shardlm_http_requests_total{path=\"/v1/chat/completions\",status=\"429\"}"), "1");
}

TEST(Metrics, take_no_label_from_a_request) {
  Metrics metrics({"v3"});
  metrics.observe_http("/my secret", 404);
  metrics.observe_http("/v1/models/my secret", 404);
  metrics.observe_http("/v1/models/", -1);
  metrics.observe(job("my secret"), outcome());
  const std::string text = metrics.text({});
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_EQ(value(text, "shardlm_http_requests_total{path=\"other\",status=\"404\"}"), "1");
  EXPECT_EQ(value(text, "shardlm_http_requests_total{path=\"/v1/models/{id}\",status=\"404\"}"), "1");
  EXPECT_EQ(value(text, "shardlm_http_requests_total{path=\"/v1/models/{id}\",status=\"other\"}"), "1");
}

TEST(Metrics, may_be_observed_and_read_from_several_threads) {
  Metrics metrics({"v3"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        metrics.observe(job(), outcome());
        metrics.observe_http("/health", 200);
        metrics.text({});
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(value(metrics.text({}), "shardlm_requests_total{finish=\"stop\",protocol=\"v3\"}"), "400");
}

}  // namespace
}  // namespace shardlm::app
