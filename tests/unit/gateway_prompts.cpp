// POST /v1/completions, the endpoints for a prompt alone, and what the gateway tells of itself.
#include "gateway_asking.hpp"

namespace shardlm::app {
namespace {

using Completions = Asking;
using Prefill = Asking;
using Told = Asking;

constexpr const char* kPrefill = "/v2/secure/gpu/prefill_v3";

TEST_F(Completions, answer_a_prompt_as_it_is) {
  serve();
  const auto said = post("/v1/completions", R"({"model": "small", "prompt": "Hi", "temperature": 0})").json();
  EXPECT_EQ(said["object"], "text_completion");
  EXPECT_EQ(said["choices"][0]["text"], "The capital of France is Paris.");
  EXPECT_EQ(said["usage"]["prompt_tokens"].get<std::size_t>(), tokens_of("Hi").size());
}

TEST_F(Completions, take_a_list_of_one_text_or_of_tokens) {
  serve();
  for (const Json prompt : {Json{"Hi"}, Json(tokens_of("Hi")), Json::array({tokens_of("Hi")})}) {
    backend.given.clear();
    EXPECT_EQ(post("/v1/completions", Json{{"model", "small"}, {"prompt", prompt}, {"max_tokens", 1}}.dump()).status, 200) << prompt;
    EXPECT_EQ(backend.given, tokens_of("Hi"));
  }
}

TEST_F(Completions, refuse_other_prompts) {
  serve();
  for (const Json prompt : {Json(), Json(1), Json::array(), Json{"a", "b"}, Json{-1}, Json{1 << 30}, Json{1.5}, Json{UINT64_MAX}, Json{1, "a"}, Json("")}) {
    const auto answer = post("/v1/completions", Json{{"model", "small"}, {"prompt", prompt}}.dump());
    EXPECT_EQ(answer.status, 400) << prompt;
  }
}

TEST_F(Completions, stream) {
  serve();
  const auto answer = post("/v1/completions", R"({"model": "small", "prompt": "Hi", "temperature": 0, "stream": true})");
  EXPECT_NE(answer.body.find("\"text\":\"The\""), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("\"finish_reason\":\"stop\""), std::string::npos);
  EXPECT_NE(answer.body.find("data: [DONE]\n\n"), std::string::npos);
}

TEST_F(Prefill, gives_the_next_token_and_the_likeliest_ones) {
  serve();
  const auto said = post(kPrefill, R"({"text": "Hi", "top": 2})").json();
  EXPECT_EQ(said["protocol"], "v3");
  EXPECT_EQ(said["prompt_tokens"].get<std::size_t>(), tokens_of("Hi").size());
  EXPECT_EQ(said["next_token"]["text"], "The");
  ASSERT_EQ(said["top_logits"].size(), 2u);
  EXPECT_EQ(said["top_logits"][0]["id"], said["next_token"]["id"]);
  EXPECT_EQ(said["top_logits"][0]["logit"], 2.0);
  EXPECT_EQ(said["completion_tokens"], 1);
  for (const auto* name : {"queued_ms", "embedding_ms", "prefill_ms", "decode_ms", "total_ms", "rounds", "bytes", "from_pool", "finish_reason", "text"})
    EXPECT_TRUE(said.contains(name)) << name;
}

TEST_F(Prefill, takes_tokens) {
  serve();
  EXPECT_EQ(post(kPrefill, Json{{"token_ids", tokens_of("Hi")}}.dump()).status, 200);
  EXPECT_EQ(backend.given, tokens_of("Hi"));
  EXPECT_EQ(post(kPrefill, R"({"token_ids": [1, 2.0]})").status, 200);
  EXPECT_EQ(post(kPrefill, R"({"token_ids": [-1]})").error("param"), "token_ids");
  EXPECT_EQ(post(kPrefill, R"({"token_ids": []})").status, 400);
}

TEST_F(Prefill, takes_one_prompt) {
  serve();
  EXPECT_EQ(post(kPrefill, "{}").status, 400);
  EXPECT_EQ(post(kPrefill, R"({"text": "Hi", "token_ids": [1]})").status, 400);
  EXPECT_EQ(post(kPrefill, R"({"token_ids": [1], "chat": true})").error("param"), "chat");
}

TEST_F(Prefill, puts_a_text_into_the_chat_template_where_it_is_asked_to) {
  serve();
  const auto tokens = text::chat_prompt(*tokenizer(), {{"user", "Hi"}}, "").size();
  EXPECT_EQ(post(kPrefill, R"({"text": "Hi", "chat": true})").json()["prompt_tokens"].get<std::size_t>(), tokens);
}

TEST_F(Prefill, of_a_protocol_that_was_not_loaded_lists_those_that_were) {
  serve();
  const auto answer = post("/v3/ot/prefill", R"({"text": "Hi"})");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.error("code"), "protocol_not_loaded");
  EXPECT_EQ(answer.error("message"), "The protocol \"v3-ot\" was not loaded; these were: v3, v2.");
}

TEST_F(Told, models_have_a_name_for_each_protocol) {
  serve();
  const auto list = get("/v1/models").json()["data"];
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0]["id"], "small");
  EXPECT_EQ(list[2]["id"], "small:v2");
  EXPECT_EQ(get("/v1/models/small:v2").json()["id"], "small:v2");
  EXPECT_EQ(get("/v1/models/small%3Av2").json()["id"], "small:v2");
  EXPECT_EQ(get("/v1/models/other").error("code"), "model_not_found");
}

TEST_F(Told, info_has_the_model_and_its_limits) {
  serve();
  const auto said = get("/v2/info").json();
  EXPECT_EQ(said["model"], "small");
  EXPECT_EQ(said["context"], 80);
  EXPECT_EQ(said["protocols"][0], Json({{"name", "v3"}, {"endpoint", kPrefill}}));
  EXPECT_EQ(said["queue"]["limit"], 16);
  EXPECT_EQ(said["pool"][0], Json({{"positions", 64}, {"ready", 1}, {"wanted", 2}}));
}

TEST_F(Told, the_document_of_the_interface_is_of_what_was_started) {
  serve();
  const auto document = get("/openapi.json").json();
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["components"]["schemas"]["ModelId"]["enum"], Json({"small", "small:v3", "small:v2"}));
  EXPECT_EQ(document["components"]["schemas"]["ChatRequest"]["properties"]["max_tokens"]["maximum"], 60);
  for (const auto& [path, operations] : document["paths"].items())
    for (const auto& [method, operation] : operations.items()) EXPECT_TRUE(operation["responses"].contains("503")) << method << path;
}

TEST_F(Told, metrics_are_those_that_it_is_given) {
  auto settings = settings_for_tests();
  settings.metrics = [] { return std::string("shardlm_queue 0\n"); };
  serve(settings);
  EXPECT_EQ(get("/metrics").body, "shardlm_queue 0\n");
}

TEST_F(Told, the_page_may_do_nothing_but_ask_its_gateway) {
  serve();
  const auto answer = get("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("Content-Security-Policy: default-src 'none'; "), std::string::npos);
}

TEST_F(Told, what_was_asked_and_nothing_that_was_said) {
  std::mutex mutex;
  std::vector<Access> seen;
  auto settings = settings_for_tests();
  settings.on_request = [&](const Access& access) {
    const std::lock_guard<std::mutex> lock(mutex);
    seen.push_back(access);
  };
  serve(settings);
  chat({{"max_tokens", 2}});
  get("/my/secret?query");
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return seen.size() == 2;
  }));
  EXPECT_EQ(seen[0].path, "/v1/chat/completions");
  EXPECT_EQ(seen[0].tokens, 2u);
  EXPECT_EQ(seen[1].path, "other");
  EXPECT_EQ(seen[1].status, 404);
}

}  // namespace
}  // namespace shardlm::app
