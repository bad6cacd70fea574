// POST /v1/chat/completions, as OpenAI's API has it.
#include "gateway_asking.hpp"

namespace shardlm::app {
namespace {

using ChatCompletions = Asking;

std::vector<Json> events(const std::string& body) {
  std::vector<Json> list;
  std::stringstream lines(body);
  for (std::string line; std::getline(lines, line);)
    if (line.rfind("data: {", 0) == 0) list.push_back(Json::parse(line.substr(6)));
  return list;
}

bool ends_with(const std::string& text, const std::string& end) { return text.size() >= end.size() && text.substr(text.size() - end.size()) == end; }

TEST_F(ChatCompletions, answers_whole) {
  serve();
  const auto answer = chat({});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto said = answer.json();
  EXPECT_EQ(said["object"], "chat.completion");
  EXPECT_EQ(said["id"].get<std::string>().rfind("chatcmpl-", 0), 0u);
  EXPECT_EQ(said["model"], "small");
  EXPECT_EQ(said["choices"][0]["message"]["content"], "The capital of France is Paris.");
  EXPECT_EQ(said["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(said["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(said["usage"]["total_tokens"].get<int>(), said["usage"]["prompt_tokens"].get<int>() + said["usage"]["completion_tokens"].get<int>());
  EXPECT_EQ(said["shardlm"]["protocol"], "v3");
  EXPECT_EQ(said["shardlm"]["rounds"], 7);
}

TEST_F(ChatCompletions, puts_the_messages_into_the_chat_template) {
  serve();
  chat({{"messages", {{{"role", "developer"}, {"content", "Be kind."}}, {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "H"}}, {{"type", "text"}, {"text", "i"}}}}}}}});
  const auto expected = text::chat_prompt(*tokenizer(), {{"system", "Be kind."}, {"user", "Hi"}});
  ASSERT_GE(backend.given.size(), expected.size());
  EXPECT_EQ(std::vector<Token>(backend.given.begin(), backend.given.begin() + std::ptrdiff_t(expected.size())), expected);
}

TEST_F(ChatCompletions, streams_what_it_answers) {
  serve();
  const auto answer = chat({{"stream", true}});
  ASSERT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.says("Content-Type: text/event-stream"));
  const auto said = events(answer.body);
  ASSERT_GE(said.size(), 3u);
  EXPECT_EQ(said.front()["choices"][0]["delta"]["role"], "assistant");
  std::string text;
  for (const auto& event : said) text += event["choices"][0]["delta"].value("content", "");
  EXPECT_EQ(text, "The capital of France is Paris.");
  EXPECT_EQ(said.back()["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(said.back()["shardlm"]["rounds"], 7);
  EXPECT_TRUE(ends_with(answer.body, "data: [DONE]\n\n"));
}

TEST_F(ChatCompletions, streams_usage_where_it_is_asked_for) {
  serve();
  const auto said = events(chat({{"stream", true}, {"stream_options", {{"include_usage", true}}}}).body);
  EXPECT_TRUE(said.front()["usage"].is_null());
  EXPECT_TRUE(said.back()["choices"].empty());
  EXPECT_GT(said.back()["usage"]["completion_tokens"].get<int>(), 0);
}

TEST_F(ChatCompletions, shows_what_the_servers_see_where_it_is_asked_for) {
  serve();
  const auto said = events(chat({{"stream", true}, {"shardlm", {{"show", true}}}}).body);
  const auto& sight = said.at(1)["shardlm"]["sights"][0];
  EXPECT_EQ(sight["rank"], "server 0");
  EXPECT_EQ(sight["glimpses"][0], Json({{"from", "client"}, {"what", "embedding"}, {"size", 4096}, {"hex", "010203"}}));
}

TEST_F(ChatCompletions, says_that_it_still_waits) {
  Gate gate;
  backend.on_step = [&](std::size_t step) { if (step == 0) gate.pass(); };
  serve();
  Wire wire(gateway->port());
  wire.send(request("/v1/chat/completions", chat_body({{"stream", true}}), "Connection: close\r\n"));
  EXPECT_NE(wire.read(": waiting\n\n").find("assistant"), std::string::npos);
  gate.open();
  EXPECT_NE(wire.read().find("[DONE]"), std::string::npos);
}

TEST_F(ChatCompletions, ends_a_stream_with_the_error_that_broke_it) {
  backend.on_step = [](std::size_t step) { if (step == 2) throw Error("Server 1 is gone."); };
  serve();
  const auto answer = chat({{"stream", true}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(events(answer.body).back()["error"]["message"], "Server 1 is gone.");
  EXPECT_EQ(answer.body.find("[DONE]"), std::string::npos);
  EXPECT_EQ(chat({}).status, 503);
  EXPECT_EQ(get("/ready").status, 503);
  EXPECT_EQ(get("/health").status, 200);
}

TEST_F(ChatCompletions, stops_at_the_length_that_it_is_given) {
  serve();
  for (const auto* name : {"max_tokens", "max_completion_tokens"}) {
    const auto said = chat({{name, 2}}).json();
    EXPECT_EQ(said["usage"]["completion_tokens"], 2);
    EXPECT_EQ(said["choices"][0]["finish_reason"], "length");
  }
}

TEST_F(ChatCompletions, stops_before_a_stop_text) {
  serve();
  EXPECT_EQ(chat({{"stop", " France"}}).json()["choices"][0]["message"]["content"], "The capital of");
  EXPECT_EQ(chat({{"stop", {"Rome", " is"}}}).json()["choices"][0]["message"]["content"], "The capital of France");
}

TEST_F(ChatCompletions, takes_the_protocol_of_the_models_name_or_of_its_own_field) {
  serve();
  EXPECT_EQ(chat({{"model", "small:v2"}}).json()["shardlm"]["protocol"], "v2");
  EXPECT_EQ(chat({{"shardlm", {{"protocol", "v2"}}}}).json()["shardlm"]["protocol"], "v2");
  EXPECT_EQ(chat({{"model", "small:v3"}, {"shardlm", {{"protocol", "v2"}}}}).error("code"), "protocol_ambiguous");
  EXPECT_EQ(chat({{"shardlm", {{"protocol", "v3-ot"}}}}).error("message"), "The protocol \"v3-ot\" was not loaded; these were: v3, v2.");
  EXPECT_EQ(chat({{"model", "gpt"}}).error("code"), "model_not_found");
}

TEST_F(ChatCompletions, refuses_more_than_the_context_holds) {
  serve();
  const auto answer = chat({{"max_tokens", 60}, {"messages", {{{"role", "user"}, {"content", "One two three four five six seven eight nine ten"}}}}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.error("code"), "context_length_exceeded");
  EXPECT_NE(answer.error("message").find("more than the context of 80 tokens holds"), std::string::npos);
  EXPECT_EQ(chat({{"max_tokens", 61}}).error("message"), "max_tokens must be a whole number from 1 to 60, not 61.");
}

// Each field of a wrong kind, out of its range, or asking for what this gateway does not do.
TEST_F(ChatCompletions, names_the_field_that_is_wrong) {
  serve();
  const std::vector<std::pair<const char*, Json>> wrong{
      {"model", 7}, {"messages", "Hi"}, {"messages", Json::array()}, {"temperature", "hot"}, {"temperature", -0.1}, {"temperature", 2.1}, {"temperature", 1e300},
      {"temperature", true}, {"top_p", 1.5}, {"top_p", Json::array()}, {"seed", 1.5}, {"seed", 1e300}, {"seed", UINT64_MAX}, {"stop", 1}, {"stop", ""},
      {"stop", {"a", 1}}, {"stop", {"a", "b", "c", "d", "e"}}, {"max_tokens", 0}, {"max_tokens", -1}, {"max_tokens", 1.5}, {"max_tokens", 1e300},
      {"max_completion_tokens", "5"}, {"n", 2}, {"n", "1"}, {"stream", "yes"}, {"stream_options", 1}, {"top_k", -2}, {"repetition_penalty", 0},
      {"presence_penalty", 0.5}, {"frequency_penalty", -1}, {"logit_bias", {{"1", 5}}}, {"logprobs", true}, {"top_logprobs", 3}, {"tools", {{{"type", "function"}}}},
      {"functions", {1}}, {"tool_choice", "required"}, {"response_format", {{"type", "json_object"}}}, {"audio", {{"voice", "a"}}}, {"modalities", {"audio"}},
      {"shardlm", "v3"}};
  for (const auto& [name, value] : wrong) {
    const auto answer = chat({{name, value}});
    EXPECT_EQ(answer.status, 400) << name << " " << value;
    EXPECT_EQ(answer.error("param"), name) << value;
    EXPECT_EQ(answer.error("type"), "invalid_request_error");
  }
}

TEST_F(ChatCompletions, names_the_message_that_is_wrong) {
  serve();
  const auto told = [&](const Json& message) { return chat({{"messages", {{{"role", "user"}, {"content", "Hi"}}, message}}}).error("message"); };
  EXPECT_EQ(told("Hi"), "messages[1] must be an object, not \"Hi\".");
  EXPECT_EQ(told({{"role", "tool"}, {"content", "Hi"}}), "messages[1].role must be \"system\", \"developer\", \"user\" or \"assistant\", not \"tool\".");
  EXPECT_EQ(told({{"content", "Hi"}}), "messages[1].role is missing; it must be \"system\", \"developer\", \"user\" or \"assistant\".");
  EXPECT_EQ(told({{"role", "user"}}), "messages[1].content is missing; it must be a text or a list of {\"type\": \"text\", \"text\": ...} parts.");
  EXPECT_EQ(told({{"role", "user"}, {"content", {{{"type", "image_url"}}}}}), "messages[1].content may hold parts of text only, as {\"type\": \"text\", \"text\": ...}.");
}

TEST_F(ChatCompletions, ignore_fields_that_change_nothing) {
  serve();
  EXPECT_EQ(chat({{"user", "me"}, {"metadata", {{"a", "b"}}}, {"store", false}, {"unheard_of", 1}, {"n", 1}, {"tools", Json::array()}, {"stop", nullptr}}).status, 200);
}

// A checkpoint may have been cut to fewer tokens than its tokenizer has.
TEST_F(ChatCompletions, refuse_a_prompt_of_tokens_that_the_model_does_not_have) {
  auto settings = settings_for_tests();
  settings.vocabulary = std::size_t(end_token());
  serve(settings);
  const auto answer = chat({});
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_NE(answer.error("message").find("is outside the model's vocabulary of"), std::string::npos);
  EXPECT_TRUE(backend.requests.empty());
}

TEST_F(ChatCompletions, give_a_request_so_much_time) {
  Gate gate;
  backend.on_step = [&](std::size_t) { gate.pass(); };
  auto settings = settings_for_tests();
  settings.deadline = 0.2;
  serve(settings);
  const auto answer = chat({});
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.error("code"), "deadline_exceeded");
  gate.open();
}

}  // namespace
}  // namespace shardlm::app
