// shardlm client benchmark against canned answers.
#include <unistd.h>

#include <fstream>

#include "gateway_client_canned.hpp"

namespace shardlm::app {
namespace {

using Json = nlohmann::json;

const char* const kAnswer =
    R"({"protocol":"v3","prompt_tokens":19,"next_token":{"id":1,"text":"a"},"top_logits":[],"text":"a b c","completion_tokens":3,"finish_reason":"length",
        "queued_ms":1,"embedding_ms":20,"prefill_ms":80,"decode_ms":200,"total_ms":300,"rounds":654,
        "bytes":{"opened":1048576,"dealt":2,"keys":3,"client_sent":4,"client_received":5},"from_pool":true})";

class ClientBenchmark : public testing::Test {
 protected:
  void SetUp() override {
    gateway.answer("POST", "/v2/secure/gpu/prefill_v3", 200, kAnswer);
    o = gateway.options();
    o.prompt.reset();
    o.runs = 4;
    o.warmup = 2;
    o.max_new = 3;
    o.out = testing::TempDir() + "benchmark-" + std::to_string(getpid()) + ".json";
  }
  void TearDown() override { unlink(o.out.c_str()); }
  Json written() { return Json::parse(std::ifstream(o.out)); }

  CannedGateway gateway;
  HttpClientOptions o;
};

TEST_F(ClientBenchmark, posts_the_same_prompt_each_time) {
  EXPECT_EQ(printed(client_benchmark, o).code, 0);
  std::vector<CannedGateway::Asked> asked = gateway.asked();
  ASSERT_EQ(asked.size(), 1 + o.warmup + o.runs);
  EXPECT_EQ(asked[0].path, "/v2/info");
  for (std::size_t i = 1; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].path, "/v2/secure/gpu/prefill_v3");
    EXPECT_EQ(asked[i].body, asked[1].body);
  }
  EXPECT_EQ(asked[1].body["max_tokens"], 3);
  EXPECT_FALSE(asked[1].body["text"].get<std::string>().empty());
}

TEST_F(ClientBenchmark, writes_what_it_measured) {
  o.raw = true;
  printed(client_benchmark, o);
  const Json j = written();
  EXPECT_EQ(j["format"], "shardlm client benchmark");
  EXPECT_EQ(j["protocol"], "v3");
  EXPECT_EQ(j["config"]["prompt_tokens"], 19);
  for (const auto& [phase, ms] : {std::pair{"queued", 1}, {"embedding", 20}, {"prefill", 80}, {"time_to_first_token", 100}, {"decode", 200}, {"total", 300}}) {
    EXPECT_EQ(j["results"][phase]["n"], 4) << phase;
    EXPECT_EQ(j["results"][phase]["mean"], ms) << phase;
    EXPECT_EQ(j["results"][phase]["p95"], ms) << phase;
  }
  EXPECT_GT(j["results"]["wall"]["mean"], 0);
  EXPECT_EQ(j["results"]["decode"]["tokens_per_second"], 10);
  EXPECT_EQ(j["results"]["total"]["tokens_per_second"], 10);
  EXPECT_EQ(j["traffic"], Json::parse(R"({"rounds":654,"opened_bytes":1048576,"dealt_bytes":2,"key_bytes":3,"client_sent":4,"client_received":5})"));
  EXPECT_EQ(j["from_pool"], 4);
  ASSERT_EQ(j["raw_timings"].size(), 4u);
  EXPECT_EQ(j["raw_timings"][0]["tokens"], 3);
}

TEST_F(ClientBenchmark, prints_a_table) {
  const std::string text = printed(client_benchmark, o).output;
  for (const char* row : {"19 + 3 tokens, 4 runs after 2", "prefill                   80.00      0.00      80.00      80.00\n", "further ones 10.00", "654 rounds, 1.0 MiB"})
    EXPECT_NE(text.find(row), std::string::npos) << row << " is not in\n" << text;
}

TEST_F(ClientBenchmark, keeps_the_text_of_a_file_to_itself) {
  o.prompt_file = testing::TempDir() + "secret-" + std::to_string(getpid());
  std::ofstream(o.prompt_file) << "a secret\n";
  printed(client_benchmark, o);
  unlink(o.prompt_file.c_str());
  EXPECT_EQ(gateway.asked().back().body["text"], "a secret");
  EXPECT_EQ(written()["config"]["prompt"], nullptr);
}

TEST_F(ClientBenchmark, writes_nothing_where_a_run_fails) {
  gateway.answer("POST", "/v2/secure/gpu/prefill_v3", 404, R"({"error":{"message":"this gateway has v2","code":"protocol_not_loaded"}})");
  expect_failure(printed(client_benchmark, o), {"refused: this gateway has v2"});
  EXPECT_NE(access(o.out.c_str(), F_OK), 0);
}

TEST_F(ClientBenchmark, looks_first_whether_it_can_write) {
  o.out = "/nowhere/results.json";
  expect_failure(printed(client_benchmark, o), {"/nowhere/results.json"});
  EXPECT_TRUE(gateway.asked().empty());
}

}  // namespace
}  // namespace shardlm::app
