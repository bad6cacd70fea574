// shardlm client health, info and generate against canned answers.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "gateway_client/connection.hpp"
#include "gateway_client_canned.hpp"

namespace shardlm::app {
namespace {

using Json = nlohmann::json;

std::string text_chunk(const std::string& text) { return Json{{"choices", {{{"index", 0}, {"delta", {{"content", text}}}, {"finish_reason", nullptr}}}}}.dump(); }
const char* const kRole = R"({"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]})";
const char* const kStop = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";
const char* const kUsage = R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})";

// One that is free, as nobody listens there any more.
int free_port() {
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t n = sizeof address;
  const bool bound = bind(s, reinterpret_cast<sockaddr*>(&address), n) == 0 && getsockname(s, reinterpret_cast<sockaddr*>(&address), &n) == 0;
  close(s);
  return bound ? ntohs(address.sin_port) : 1;
}

TEST(ClientHealth, is_fine_where_the_gateway_takes_requests) {
  CannedGateway gateway;
  const Printed p = printed(client_health, gateway.options());
  EXPECT_EQ(p.code, 0);
  EXPECT_EQ(p.output, "ready\n");
}

TEST(ClientHealth, fails_where_it_does_not) {
  CannedGateway gateway;
  gateway.answer("GET", "/ready", 503, R"({"error":{"message":"the model is still read"}})", "application/json", {{"Retry-After", "5"}});
  HttpClientOptions o = gateway.options();
  expect_failure(printed(client_health, o), {"not ready", "the model is still read", "try again in 5 s"});
  o.json = true;
  const Printed p = printed(client_health, o);
  EXPECT_EQ(p.code, 1);
  EXPECT_EQ(Json::parse(p.output)["ready"], false);
}

TEST(ClientFailures, where_nothing_listens_say_how_to_start_a_gateway) {
  HttpClientOptions o;
  o.server = "http://127.0.0.1:" + std::to_string(free_port());
  expect_failure(printed(client_health, o), {"nothing listens at " + o.server, "shardlm serve"});
}

TEST(ClientFailures, name_what_is_no_gateway) {
  CannedGateway gateway;
  HttpClientOptions o = gateway.options();
  for (const auto& [status, text] : {std::pair{200, "<html>"}, {200, "[]"}, {200, "{}"}, {404, "not found"}, {302, ""}, {200, R"({"model":"m","protocols":[{"name":1}]})"}}) {
    gateway.answer("GET", "/v2/info", status, text, "text/html", {{"Location", "/elsewhere"}});
    expect_failure(printed(client_info, o), {"is no ShardLM gateway of this version"});
  }
}

TEST(ClientInfo, reads_as_a_table) {
  CannedGateway gateway;
  const std::string text = printed(client_info, gateway.options()).output;
  for (const char* row : {"model        demo\n", "shape        2 layers, hidden 64, vocabulary 1000\n", "protocols    v3      /v2/secure/gpu/prefill_v3\n",
                          "             v2      /v2/secure/gpu/prefill_v2\n", "queue        1 running, 2 waiting, room for 16\n", "pool         3 of 4 requests"})
    EXPECT_NE(text.find(row), std::string::npos) << row << "is not in\n" << text;
}

TEST(ClientInfo, shows_nothing_that_a_terminal_would_obey) {
  CannedGateway gateway;
  gateway.answer("GET", "/v2/info", 200, R"({"model":"a\u001b[31mb\u009b","version":"\u0007","protocols":[{"name":"v3","endpoint":"/x"}]})");
  const std::string text = printed(client_info, gateway.options()).output;
  EXPECT_NE(text.find("a?[31mb??"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ClientInfo, comes_as_json_as_it_is) {
  CannedGateway gateway;
  HttpClientOptions o = gateway.options();
  o.json = true;
  EXPECT_EQ(printed(client_info, o).output.rfind(R"({"version":"0.1.0","model":"demo","shape":{"layers":2,)", 0), 0u);
}

TEST(ClientGenerate, prints_the_text_as_it_comes) {
  CannedGateway gateway;
  gateway.stream({kRole, text_chunk("Goe"), text_chunk("the.\n"), kStop, kUsage, "[DONE]"});
  const Printed p = printed(client_generate, gateway.options());
  EXPECT_EQ(p.code, 0);
  EXPECT_EQ(p.output, "Goethe.\n\n");
  EXPECT_EQ(p.errors, "");
}

TEST(ClientGenerate, asks_for_what_the_options_say) {
  CannedGateway gateway;
  gateway.stream({kStop, "[DONE]"});
  HttpClientOptions o = gateway.options();
  o.api_key_file = testing::TempDir() + "generate.key";
  std::ofstream(o.api_key_file) << "0123456789-secret\n";
  chmod(o.api_key_file.c_str(), 0600);
  o.system = "Be brief.";
  o.protocol = "v2";
  o.max_tokens = 7;
  o.sampling.top_k = 3;
  o.sampling.seed = 42;
  EXPECT_EQ(printed(client_generate, o).code, 0);
  const CannedGateway::Asked asked = gateway.asked().back();
  EXPECT_EQ(asked.authorization, "Bearer 0123456789-secret");
  EXPECT_EQ(asked.content_type, "application/json");
  EXPECT_EQ(asked.body, Json::parse(R"({"model":"demo","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Who wrote Faust?"}],
            "max_tokens":7,"temperature":0.0,"top_k":3,"seed":42,"shardlm":{"protocol":"v2"},"stream":true,"stream_options":{"include_usage":true}})"));
}

TEST(ClientGenerate, gives_the_whole_answer_as_json) {
  CannedGateway gateway;
  gateway.answer("POST", "/v1/chat/completions", 200, R"({"object":"chat.completion","choices":[]})");
  HttpClientOptions o = gateway.options();
  o.json = true;
  EXPECT_EQ(printed(client_generate, o).output, "{\"object\":\"chat.completion\",\"choices\":[]}\n");
  EXPECT_FALSE(gateway.asked().back().body.contains("stream"));
}

TEST(ClientGenerate, tells_of_refusals_in_one_sentence_with_the_remedy) {
  CannedGateway gateway;
  HttpClientOptions o = gateway.options();
  gateway.refuse(401, "no key");
  expect_failure(printed(client_generate, o), {"asks for a key", "--api-key-file"});
  gateway.refuse(429, "16 requests wait", {{"Retry-After", "9"}});
  expect_failure(printed(client_generate, o), {"16 requests wait", "try again in 9 s"});
  gateway.refuse(503, "server 1 is gone");
  expect_failure(printed(client_generate, o), {"not ready", "server 1 is gone", "standard error"});
  gateway.refuse(400, "the prompt is too long\x1b[2J");
  expect_failure(printed(client_generate, o), {"refused: the prompt is too long?[2J"});
  o.protocol = "v3-mpc";
  expect_failure(printed(client_generate, o), {"did not load v3-mpc", "v3, v2"});
}

TEST(ClientGenerate, takes_no_half_answer_for_a_whole_one) {
  CannedGateway gateway;
  HttpClientOptions o = gateway.options();
  gateway.stream({kRole, text_chunk("Goe")});
  expect_failure(printed(client_generate, o), {"closed the connection before its answer was whole"});
  gateway.stream({kRole, text_chunk("Goe"), R"({"error":{"message":"a rank is gone"}})"});
  const Printed p = printed(client_generate, o);
  EXPECT_EQ(p.output, "Goe\n");
  expect_failure(p, {"broke the answer off: a rank is gone"});
  gateway.stream({"no json", "[DONE]"});
  expect_failure(printed(client_generate, o), {"not of the form"});
}

TEST(ClientGenerate, refuses_a_prompt_that_it_cannot_send) {
  CannedGateway gateway;
  HttpClientOptions o = gateway.options();
  o.prompt = "";
  expect_failure(printed(client_generate, o), {"the prompt is empty"});
  o.prompt = "Gr\xFC\xDF Gott";
  expect_failure(printed(client_generate, o), {"not UTF-8"});
  o.prompt.reset();
  expect_failure(printed(client_generate, o), {"there is no prompt"});
}

TEST(ClientGenerate, asks_no_proxy) {
  CannedGateway gateway;
  gateway.stream({kStop, "[DONE]"});
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) setenv(name, "http://127.0.0.1:1", 1);
  EXPECT_EQ(printed(client_generate, gateway.options()).code, 0);
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) unsetenv(name);
}

TEST(ClientWarning, is_given_where_a_prompt_would_leave_this_machine) {
  const auto warning = [](const std::string& server) {
    HttpClientOptions o;
    o.server = server;
    testing::internal::CaptureStderr();
    remote::Connection(o).warn_of_strangers();
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(warning("http://localhost:9090"), "");
  EXPECT_NE(warning("http://gateway.example").find("gateway.example is not this machine"), std::string::npos);
  EXPECT_NE(warning("http://gateway.example").find("not encrypted"), std::string::npos);
  EXPECT_EQ(warning("https://gateway.example").find("not encrypted"), std::string::npos);
}

}  // namespace
}  // namespace shardlm::app
