// Requests in, replies out, for connections that somebody else accepted.
#pragma once

#include <httplib.h>

#include "gateway/connection.hpp"
#include "gateway/exchange.hpp"

namespace shardlm::app {

// The HTTP library's server, without its sockets and threads: it reads requests and writes replies of one connection at a time and thread.
class Service : public httplib::Server {
 public:
  explicit Service(Site site);
  // Until the peer, a limit or `ending` ends it.
  void serve(Connection& connection, const std::atomic<bool>& ending);
  void listens_at(int socket) { svr_sock_ = socket; }  // the library stops writing where there is none

 private:
  void admit(httplib::Request& request);
  void answer(const httplib::Request& request, httplib::Response& response, std::string body);
  void put(const httplib::Request& request, httplib::Response& response, Reply reply);
  void finished(Connection& connection, std::chrono::steady_clock::time_point begin) const;

  Site site_;
};

}  // namespace shardlm::app
