// What a connection may do: who is let in, how a request must arrive, and what becomes of those who hang up.
#include "gateway_asking.hpp"

namespace shardlm::app {
namespace {

using Connections = Asking;

GatewaySettings impatient() {
  auto settings = settings_for_tests();
  settings.arrival = settings.idle = 0.3;
  return settings;
}

TEST_F(Connections, are_refused_a_port_that_is_taken) {
  serve();
  auto settings = settings_for_tests();
  settings.port = gateway->port();
  try {
    Gateway(settings, tokenizer(), running->engine);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "the gateway cannot listen at 127.0.0.1:" + std::to_string(gateway->port()) +
                                             ": another program does; choose another --port, or 0 for any that is free");
  }
  settings.host = "192.0.2.1";
  EXPECT_THROW(Gateway(settings, tokenizer(), running->engine), Error);
}

TEST_F(Connections, take_one_request_after_the_other) {
  serve();
  Wire wire(gateway->port());
  for (int request = 0; request < 20; ++request) {
    wire.send(head("GET", "/health", "\r\n"));
    EXPECT_NE(wire.read("{\"status\":\"ok\"}").find("HTTP/1.1 200"), std::string::npos);
  }
  wire.send(request("/v1/chat/completions", chat_body({})) + head("GET", "/ready", "Connection: close\r\n\r\n"));
  const auto both = wire.read();
  EXPECT_NE(both.find("chat.completion"), std::string::npos);
  EXPECT_NE(both.find("{\"status\":\"ready\"}"), std::string::npos);
}

TEST_F(Connections, answer_in_one_form_of_error) {
  serve();
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/nothing").error("type"), "not_found_error");
  const auto wrong = get("/v1/completions");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_TRUE(wrong.says("Allow: POST"));
  EXPECT_EQ(ask(head("DELETE", "/health", "Connection: close\r\n\r\n")).error("code"), "method_not_allowed");
  EXPECT_EQ(ask(head("OPTIONS", "/v1/completions", "Connection: close\r\n\r\n")).status, 405);
  EXPECT_EQ(ask(head("QUERY", "/v1/completions", "\r\n")).status, 405);
  EXPECT_EQ(ask("nonsense\r\n\r\n").error("code"), "malformed_request");
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").status, 400);
}

TEST_F(Connections, carry_json_alone) {
  serve();
  for (const auto* type : {"", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: multipart/form-data; boundary=a\r\n",
                           "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"}) {
    EXPECT_EQ(ask(head("POST", "/v1/completions", std::string(type) + "Content-Length: 2\r\n\r\n{}")).error("code"), "unsupported_media_type") << type;
  }
  EXPECT_EQ(ask(head("POST", "/v1/completions", "Content-Type: Application/JSON; charset=utf-8\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")).error("param"), "model");
}

TEST_F(Connections, carry_bodies_of_a_size) {
  auto settings = settings_for_tests();
  settings.max_body = 1000;
  serve(settings);
  const std::string large(2000000, ' ');
  EXPECT_EQ(post("/v1/completions", large).status, 413);
  EXPECT_EQ(post("/v1/completions", std::string(1000, ' ')).error("code"), "json_malformed");
  const auto chunked = head("POST", "/v1/completions", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(ask(chunked + "3e9\r\n" + std::string(1001, ' ') + "\r\n0\r\n\r\n").status, 413);
  EXPECT_EQ(ask(chunked + "nonsense\r\n").status, 400);
  EXPECT_EQ(ask(chunked + "1;" + std::string(100000, 'x')).status, 413);  // a line without end
}

TEST_F(Connections, carry_requests_that_say_where_they_end) {
  serve();
  for (const auto* fields : {"Content-Length: -1", "Content-Length: 1x", "Content-Length: 99999999999999999999", "Content-Length: 2\r\nContent-Length: 2",
                             "Content-Length: 2\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip"}) {
    const auto answer = ask(head("POST", "/v1/completions", std::string("Content-Type: application/json\r\n") + fields + "\r\n\r\n{}"));
    EXPECT_EQ(answer.error("code"), "malformed_request") << fields;
    EXPECT_TRUE(answer.says("Connection: close")) << fields;
  }
}

// Else the body of a request that was refused would be read as the next one.
TEST_F(Connections, end_where_a_body_was_not_read) {
  serve();
  const auto hidden = head("GET", "/v2/info", "\r\n");
  for (const auto* first : {"GET /health", "POST /nothing"}) {
    Wire wire(gateway->port());
    wire.send(std::string(first) + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(hidden.size()) + "\r\n\r\n" + hidden);
    const auto all = wire.read();
    EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << all;
    EXPECT_NE(all.find("Connection: close"), std::string::npos);
  }
}

TEST_F(Connections, have_header_fields_of_a_size) {
  serve();
  EXPECT_EQ(get("/health", "X: " + std::string(100000, 'x') + "\r\n").status, 431);
  EXPECT_EQ(get("/" + std::string(10000, 'x')).status, 414);
}

TEST_F(Connections, ask_before_they_send_much) {
  serve();
  const auto fields = std::string("Content-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\n");
  Wire good(gateway->port()), large(gateway->port());
  good.send(head("POST", "/v1/completions", fields + "Content-Length: 2\r\n\r\n"));
  EXPECT_EQ(good.read("\r\n\r\n").find("HTTP/1.1 100"), 0u);
  good.send("{}");
  EXPECT_EQ(answer_of(good.read()).status, 400);
  large.send(head("POST", "/v1/completions", fields + "Content-Length: 20000000\r\n\r\n"));
  EXPECT_EQ(answer_of(large.read()).error("code"), "body_too_large");
}

TEST_F(Connections, of_slow_senders_are_given_up) {
  serve(impatient());
  const auto trickle = [&](const std::string& line, const std::string& rest) {
    Wire wire(gateway->port());
    wire.send(line);
    for (const char byte : rest) {
      if (!wire.send(std::string(1, byte))) break;
      std::this_thread::sleep_for(10ms);
    }
    return wire.read();
  };
  EXPECT_EQ(answer_of(trickle(head("GET", "/health"), "A: " + std::string(60, 'b'))).status, 408);
  const auto post = head("POST", "/v1/completions", "Content-Type: application/json\r\nContent-Length: 60\r\n\r\n");
  EXPECT_EQ(answer_of(trickle(post, std::string(60, ' '))).error("code"), "request_timeout");
  EXPECT_EQ(trickle("", "GET /" + std::string(60, 'x')), "");
}

TEST_F(Connections, that_say_nothing_are_closed) {
  serve(impatient());
  Wire silent(gateway->port()), half(gateway->port()), idle(gateway->port()), body(gateway->port());
  half.send("GET /hea");
  idle.send(head("GET", "/health", "\r\n"));
  body.send(head("POST", "/v1/completions", "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"));
  EXPECT_EQ(silent.read(), "");
  EXPECT_EQ(half.read(), "");
  EXPECT_EQ(idle.read().substr(0, 12), "HTTP/1.1 200");
  EXPECT_EQ(answer_of(body.read()).status, 408);
}

TEST_F(Connections, are_so_many) {
  auto settings = settings_for_tests();
  settings.connections = 2;
  serve(settings);
  Wire first(gateway->port());
  auto second = std::make_unique<Wire>(gateway->port());
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(get("/health").error("code"), "too_many_connections");
  second.reset();
  EXPECT_TRUE(eventually([&] { return get("/health").status == 200; }));
}

TEST_F(Connections, wait_in_a_queue_of_a_size) {
  Gate gate;
  backend.on_step = [&](std::size_t) { gate.pass(); };
  auto settings = settings_for_tests();
  settings.queue = 1;
  serve(settings);
  Wire running_one(gateway->port()), waiting_one(gateway->port());
  const auto asked = request("/v1/chat/completions", chat_body({}), "Connection: close\r\n");
  running_one.send(asked);
  ASSERT_TRUE(gate.someone_came());
  waiting_one.send(asked);
  ASSERT_TRUE(eventually([&] { return running->engine.state().waiting == 1; }));
  const auto third = ask(asked);
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(third.error("type"), "rate_limit_error");
  EXPECT_NE(third.head.find("Retry-After: "), std::string::npos);
  gate.open();
  EXPECT_EQ(answer_of(running_one.read()).status, 200);
  EXPECT_EQ(answer_of(waiting_one.read()).status, 200);
}

TEST_F(Connections, that_hang_up_free_their_place) {
  for (const bool stream : {false, true}) {
    Gate gate;
    backend.on_step = [&](std::size_t) { gate.pass(); };
    serve();
    {
      Wire wire(gateway->port()), waits(gateway->port());
      wire.send(request("/v1/chat/completions", chat_body({{"stream", stream}})));
      ASSERT_TRUE(gate.someone_came());
      waits.send(request("/v1/chat/completions", chat_body({{"stream", stream}})));
      ASSERT_TRUE(eventually([&] { return running->engine.state().waiting == 1; }));
    }
    EXPECT_TRUE(eventually([&] { return running->engine.state().waiting == 0; }));
    std::this_thread::sleep_for(1s);  // that the other one's client is gone is looked for ten times a second
    gate.open();
    EXPECT_TRUE(eventually([&] { return running->finished() == std::vector<Finish>(2, Finish::cancelled); }));
    TearDown();
  }
}

TEST_F(Connections, outlive_counters_that_fail) {
  auto settings = settings_for_tests();
  settings.on_request = [](const Access&) { throw std::bad_alloc(); };
  serve(settings);
  for (int request = 0; request < 3; ++request) EXPECT_EQ(get("/health").status, 200);
}

TEST_F(Connections, need_the_key_where_there_is_one) {
  auto settings = settings_for_tests();
  settings.key = "0123456789abcdef";
  serve(settings);
  for (const auto* path : {"/health", "/ready", "/", "/openapi.json"}) EXPECT_EQ(get(path).status, 200) << path;
  for (const auto* path : {"/v1/models", "/v2/info", "/metrics", "/nothing"}) {
    const auto answer = get(path);
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_TRUE(answer.says("WWW-Authenticate: Bearer"));
    EXPECT_EQ(answer.error("type"), "authentication_error");
  }
  EXPECT_EQ(get("/v1/models", "Authorization: Bearer 0123456789abcdeF\r\n").error("code"), "invalid_api_key");
  EXPECT_EQ(get("/v1/models", "Authorization: Bearer 0123456789abcdef\r\n").status, 200);
  EXPECT_EQ(post("/v1/chat/completions", "{").status, 401);
}

TEST_F(Connections, of_other_sites_pages_are_refused) {
  serve();
  EXPECT_EQ(ask("GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").error("code"), "forbidden_host");
  EXPECT_EQ(get("/v1/models", "Origin: http://evil.example\r\n").error("code"), "forbidden_origin");
  EXPECT_EQ(get("/v1/models", "Origin: null\r\n").status, 403);
  const auto own = get("/v1/models", "Origin: http://localhost\r\n");
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(own.head.find("Access-Control"), std::string::npos);
}

TEST_F(Connections, end_with_the_gateway_and_what_was_asked_before_is_answered) {
  Gate gate;
  backend.on_step = [&](std::size_t) { gate.pass(); };
  serve();
  Wire idle(gateway->port()), asked(gateway->port());
  asked.send(request("/v1/chat/completions", chat_body({})));
  ASSERT_TRUE(gate.someone_came());
  running->engine.stop(true, 10s);
  std::thread ends([&] { gateway->stop(10); });
  EXPECT_EQ(idle.read(), "");
  gate.open();
  EXPECT_EQ(answer_of(asked.read()).status, 200);
  ends.join();
  EXPECT_THROW(Wire(gateway->port()), Error);
}

TEST_F(Connections, of_http_1_0_end_with_their_stream) {
  serve();
  const auto body = chat_body({{"stream", true}});
  const auto all = answer_of([&] {
    Wire wire(gateway->port());
    wire.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\nConnection: Keep-Alive\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
    return wire.read();
  }());
  EXPECT_EQ(all.head.find("chunked"), std::string::npos);
  EXPECT_EQ(all.body.rfind("data: {", 0), 0u) << all.body;
  EXPECT_NE(all.body.find("data: [DONE]\n\n"), std::string::npos);
}

TEST_F(Connections, carry_whole_answers_that_are_not_compressed) {
  serve();
  const auto answer = get("/health", "Range: bytes=0-1\r\nAccept-Encoding: gzip, br\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"status\":\"ok\"}");
  for (const auto* range : {"3-1", "0-99999999999999999999", "99999999999999999999-", "-", "x"})
    EXPECT_NE(get("/health", std::string("Range: bytes=") + range + "\r\n").status, 206) << range;
  EXPECT_EQ(ask(head("HEAD", "/health", "Connection: close\r\n\r\n")).body, "");
}

}  // namespace
}  // namespace shardlm::app
