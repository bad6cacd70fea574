// A gateway on this machine in front of a backend that stands in for four ranks, and a client that sends exactly the bytes that a test says.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "gateway/http_server.hpp"
#include "gateway_fake_backend.hpp"

namespace shardlm::app {

using Json = nlohmann::json;

// A connection, closed at its end.
class Wire {
 public:
  explicit Wire(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw Error("There is no gateway.");
  }
  ~Wire() { close(); }
  Wire(const Wire&) = delete;

  bool send(const std::string& bytes) { return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()); }
  // What comes until the peer closes, or until it holds a text.
  std::string read(const std::string& until = "") {
    std::string got;
    char buffer[4096];
    while (until.empty() || got.find(until) == std::string::npos) {
      pollfd look{socket_, POLLIN, 0};
      if (::poll(&look, 1, 20000) <= 0) throw Error("Nothing came for 20 seconds after: " + got);
      const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
      if (size <= 0) break;
      got.append(buffer, static_cast<std::size_t>(size));
    }
    return got;
  }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

 private:
  int socket_;
};

struct HttpAnswer {
  int status = 0;
  std::string head, body;
  Json json() const { return Json::parse(body); }
  std::string error(const char* field) const {
    const auto value = json().at("error").at(field);
    return value.is_null() ? "" : value.get<std::string>();
  }
  bool says(const std::string& field) const { return head.find("\r\n" + field + "\r\n") != std::string::npos; }
};

inline std::string without_chunks(const std::string& body) {
  std::string text;
  for (std::size_t at = 0; at < body.size();) {
    const auto line = body.find("\r\n", at);
    if (line == std::string::npos) break;
    const auto size = std::stoul(body.substr(at, line - at), nullptr, 16);
    text += body.substr(line + 2, size);
    at = line + 2 + size + 2;
  }
  return text;
}

inline HttpAnswer answer_of(const std::string& bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (bytes.size() < 12 || end == std::string::npos) throw Error("This is no answer: " + bytes);
  HttpAnswer answer{std::stoi(bytes.substr(9, 3)), bytes.substr(0, end + 2), bytes.substr(end + 4)};
  if (answer.says("Transfer-Encoding: chunked")) answer.body = without_chunks(answer.body);
  return answer;
}

inline GatewaySettings settings_for_tests() {
  GatewaySettings settings;
  settings.port = 0;
  settings.name = "small";
  settings.version = "0";
  settings.vocabulary = tokenizer()->size();
  settings.context = 80;
  settings.max_tokens = 60;
  settings.protocols = {"v3", "v2"};
  return settings;
}

class Asking : public testing::Test {
 public:
  FakeBackend backend{"The capital of France is Paris."};
  std::unique_ptr<Running> running;
  std::unique_ptr<Gateway> gateway;

  void serve(const GatewaySettings& settings = settings_for_tests()) {
    running = std::make_unique<Running>(backend, settings.queue);
    gateway = std::make_unique<Gateway>(settings, tokenizer(), running->engine);
    gateway->start();
  }
  void TearDown() override {
    gateway.reset();
    running.reset();
  }

  static std::string head(const std::string& method, const std::string& path, const std::string& fields = "") {
    return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields;
  }
  static std::string request(const std::string& path, const std::string& body, const std::string& fields = "") {
    return head("POST", path, "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n") + body;
  }
  HttpAnswer ask(const std::string& bytes) const {
    Wire wire(gateway->port());
    wire.send(bytes);
    return answer_of(wire.read());
  }
  HttpAnswer get(const std::string& path, const std::string& fields = "") const { return ask(head("GET", path, "Connection: close\r\n" + fields + "\r\n")); }
  HttpAnswer post(const std::string& path, const std::string& body) const { return ask(request(path, body, "Connection: close\r\n")); }
  HttpAnswer chat(Json changes) const { return post("/v1/chat/completions", chat_body(std::move(changes))); }
  static std::string chat_body(Json changes) {
    Json body{{"model", "small"}, {"temperature", 0}, {"messages", {{{"role", "user"}, {"content", "Hi"}}}}};
    if (changes.is_object()) body.update(changes);  // Json({}) is null
    return body.dump();
  }
};

}  // namespace shardlm::app
