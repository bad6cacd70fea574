#include "gateway/http_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "gateway/errors.hpp"
#include "gateway/listener.hpp"
#include "gateway/service.hpp"

namespace shardlm::app {
namespace {

constexpr std::size_t kSpare = 32;  // connections beside those that wait for an answer

// Without the HTTP library, which has no thread for it.
std::string full() {
  const auto body = error_body(ApiError(503, "This gateway has too many connections open; come again in a second.", "", "too_many_connections"));
  return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

struct Gateway::Impl {
  Impl(GatewaySettings given, std::shared_ptr<const text::Tokenizer> shared, Engine& engine)
      : settings(std::move(given)), tokenizer(std::move(shared)), listener(settings.host, settings.port), service(Site{settings, *tokenizer, engine}) {
    if (settings.connections == 0) settings.connections = settings.queue + 1 + kSpare;
    service.listens_at(listener.socket());
  }

  void accept_all() {
    for (int socket; (socket = listener.accept()) >= 0;) {
      const std::lock_guard<std::mutex> lock(mutex);
      open.size() < settings.connections ? take(socket) : refuse(socket);
    }
  }

  // Where no thread or no memory is to be had, the connection closes, and others live on.
  void take(int socket) {
    std::shared_ptr<Connection> connection;
    try {
      connection = std::make_shared<Connection>(socket, settings);
      open.insert(connection.get());
      std::thread([this, connection]() mutable { serve(std::move(connection)); }).detach();
    } catch (const std::exception&) {
      if (!connection) ::close(socket);
      open.erase(connection.get());
    }
  }

  void refuse(int socket) {
    char unread[4096];
    (void)!::recv(socket, unread, sizeof unread, MSG_DONTWAIT);  // so that closing does not reset it
    (void)!::send(socket, busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_WR);
    ::close(socket);
  }

  // Nothing of this is touched once the connection is no longer counted: then it may end.
  void serve(std::shared_ptr<Connection> connection) {
    service.serve(*connection, ending);
    connection->finish();
    const std::lock_guard<std::mutex> lock(mutex);
    open.erase(connection.get());
    connection.reset();
    left.notify_all();
  }

  const std::string busy = full();
  GatewaySettings settings;
  std::shared_ptr<const text::Tokenizer> tokenizer;
  Listener listener;
  Service service;
  std::thread acceptor;
  std::atomic<bool> ending{false};
  std::mutex stopping, mutex;
  std::condition_variable left;
  std::set<Connection*> open;
};

Gateway::Gateway(GatewaySettings settings, std::shared_ptr<const text::Tokenizer> tokenizer, Engine& engine)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(tokenizer), engine)) {}

Gateway::~Gateway() { stop(0); }

void Gateway::start() {
  impl_->acceptor = std::thread([this] { impl_->accept_all(); });
}

void Gateway::stop(double patience) {
  Impl& all = *impl_;
  const std::lock_guard<std::mutex> one(all.stopping);
  all.ending = true;
  all.listener.close();
  if (all.acceptor.joinable()) all.acceptor.join();
  std::unique_lock<std::mutex> lock(all.mutex);
  for (auto* connection : all.open) connection->leave();
  const auto none = [&all] { return all.open.empty(); };
  if (all.left.wait_for(lock, std::chrono::duration<double>(patience), none)) return;
  for (auto* connection : all.open) connection->hang_up();
  all.left.wait(lock, none);
}

int Gateway::port() const { return impl_->listener.port(); }
std::string Gateway::url() const { return "http://" + host_in_url(impl_->settings.host) + ":" + std::to_string(port()); }

}  // namespace shardlm::app
