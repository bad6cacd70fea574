// A gateway of canned answers, which keeps the requests that it got.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "gateway_client/client.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {

class CannedGateway {
 public:
  struct Asked {
    std::string path, authorization, content_type;
    nlohmann::json body;
  };

  CannedGateway() {
    port_ = server_.bind_to_any_port("127.0.0.1");
    answer("GET", "/health", 200, R"({"status":"ok"})");
    answer("GET", "/ready", 200, R"({"status":"ready"})");
    answer("GET", "/v2/info", 200,
           R"({"version":"0.1.0","model":"demo","shape":{"layers":2,"hidden":64,"vocabulary":1000},"context":4096,"max_tokens":1024,)"
           R"("protocols":[{"name":"v3","endpoint":"/v2/secure/gpu/prefill_v3"},{"name":"v2","endpoint":"/v2/secure/gpu/prefill_v2"}],)"
           R"("queue":{"limit":16,"waiting":2,"running":1},"pool":[{"positions":64,"ready":3,"wanted":4}],"pad_to":0})");
  }
  ~CannedGateway() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void answer(const std::string& method, const std::string& path, int status, const std::string& text, const std::string& type = "application/json",
              const httplib::Headers& headers = {}) {
    std::lock_guard lock(mutex_);
    answers_[method + " " + path] = {status, text, type, headers};
  }
  // Server-sent events, each with this data.
  void stream(const std::vector<std::string>& data) {
    std::string text = ": waiting\n\n";
    for (const std::string& d : data) text += "data: " + d + "\n\n";
    answer("POST", "/v1/chat/completions", 200, text, "text/event-stream");
  }
  void refuse(int status, const std::string& message, const httplib::Headers& headers = {}) {
    answer("POST", "/v1/chat/completions", status, nlohmann::json{{"error", {{"message", message}}}}.dump(), "application/json", headers);
  }

  HttpClientOptions options() {
    if (!thread_.joinable()) start();
    HttpClientOptions o;
    o.server = "http://127.0.0.1:" + std::to_string(port_);
    o.prompt = "Who wrote Faust?";
    return o;
  }
  std::vector<Asked> asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  struct Answer {
    int status = 404;
    std::string text = "{}", type = "application/json";
    httplib::Headers headers;
  };

  void start() {
    const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
      std::lock_guard lock(mutex_);
      asked_.push_back({request.path, request.get_header_value("Authorization"), request.get_header_value("Content-Type"),
                        nlohmann::json::parse(request.body, nullptr, false)});
      const auto found = answers_.find(request.method + " " + request.path);
      const Answer answer = found == answers_.end() ? Answer() : found->second;
      response.status = answer.status;
      response.set_content(answer.text, answer.type);
      for (const auto& [name, value] : answer.headers) response.set_header(name, value);
    };
    server_.Get(".*", handle);
    server_.Post(".*", handle);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  httplib::Server server_;
  std::thread thread_;
  std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  std::vector<Asked> asked_;
  int port_ = 0;
};

// What a subcommand printed, with its exit code.
struct Printed {
  int code;
  std::string output, errors;
};

inline Printed printed(int (*subcommand)(const HttpClientOptions&), const HttpClientOptions& o) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Printed p{-1, "", ""};
  try {
    p.code = subcommand(o);
  } catch (const Error& error) {
    p.errors = error.what();
  }
  std::fflush(stdout);
  p.output = testing::internal::GetCapturedStdout();
  p.errors += testing::internal::GetCapturedStderr();
  return p;
}

// It failed with one sentence that has these words.
inline void expect_failure(const Printed& p, const std::vector<std::string>& words) {
  EXPECT_EQ(p.code, -1) << p.output;
  EXPECT_EQ(p.errors.find('\n'), std::string::npos) << p.errors;
  for (const std::string& word : words) EXPECT_NE(p.errors.find(word), std::string::npos) << word << " is not in: " << p.errors;
}

}  // namespace shardlm::app
