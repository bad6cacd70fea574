// The socket at which the gateway is found.
#pragma once

#include <string>

namespace shardlm::app {

class Listener {
 public:
  // Listens. Throws Error for an address that is not this machine's, a port that is taken, or one that needs more rights.
  Listener(const std::string& host, int port);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }
  int socket() const { return socket_; }
  // A new connection's socket; -1 after close(). Waits, also while the process or the machine has too many files open.
  int accept();
  void close();  // from any thread: no new connections

 private:
  int socket_ = -1, port_ = 0;
  int wake_[2] = {-1, -1};
};

// As a URL's part: with brackets around an IPv6 address.
std::string host_in_url(const std::string& host);

}  // namespace shardlm::app
