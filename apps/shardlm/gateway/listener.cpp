#include "gateway/listener.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

constexpr int kBacklog = 128;

std::string where(const std::string& host, int port) { return host_in_url(host) + ":" + std::to_string(port); }

[[noreturn]] void refuse(const std::string& host, int port, int reason) {
  const auto at = where(host, port);
  if (reason == EADDRINUSE)
    throw SystemError("the gateway cannot listen at " + at + ": another program does; choose another --port, or 0 for any that is free");
  if (reason == EADDRNOTAVAIL) throw SystemError("the gateway cannot listen at " + at + ": this machine has no such address; choose another --host");
  if (reason == EACCES) throw SystemError("the gateway may not listen at " + at + ": ports below 1024 need more rights; choose another --port");
  throw SystemError("the gateway cannot listen at " + at + ": " + std::strerror(reason));
}

std::unique_ptr<addrinfo, void (*)(addrinfo*)> resolve(const std::string& host, int port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const int trouble = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (trouble != 0) throw Error("the gateway cannot listen at " + where(host, port) + ": " + ::gai_strerror(trouble) + "; choose another --host");
  return {found, ::freeaddrinfo};
}

int port_of(int socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(name).sin6_port : reinterpret_cast<sockaddr_in&>(name).sin_port);
}

}  // namespace

std::string host_in_url(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

Listener::Listener(const std::string& host, int port) {
  const auto address = resolve(host, port);
  const int made = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) refuse(host, port, errno);
  const int on = 1;
  // So that it can start again at once after it ended; not SO_REUSEPORT, with which two gateways would share a port and each get half.
  ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(made, address->ai_addr, address->ai_addrlen) != 0 || ::listen(made, kBacklog) != 0 || ::pipe2(wake_, O_CLOEXEC) != 0) {
    const int reason = errno;
    ::close(made);
    refuse(host, port, reason);
  }
  socket_ = made;
  port_ = port_of(made);
}

Listener::~Listener() {
  for (const int descriptor : {socket_, wake_[0], wake_[1]})
    if (descriptor >= 0) ::close(descriptor);
}

int Listener::accept() {
  for (;;) {
    pollfd both[] = {{socket_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    if (::poll(both, 2, -1) < 0 && errno != EINTR) return -1;
    if (both[1].revents) {
      ::shutdown(socket_, SHUT_RDWR);  // those who come now are refused, and do not wait for nothing
      return -1;
    }
    const int made = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (made >= 0) return made;
    // Too many open files, too little memory: connections wait in the backlog until it is better.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) ::poll(both + 1, 1, 50);
  }
}

void Listener::close() {
  const char byte = 0;
  if (::write(wake_[1], &byte, 1) != 1) return;  // it holds one already
}

}  // namespace shardlm::app
