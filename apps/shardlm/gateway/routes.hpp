// Which paths there are, and what is asked of a request before its body is read.
#pragma once

#include <httplib.h>

#include <optional>
#include <string>

#include "gateway/exchange.hpp"

namespace shardlm::app {

struct Route {
  const char* path;  // ends in / where an id follows
  const char* method;
  bool open;         // needs no key
  Reply (*endpoint)(const Site&, const Call&);
};

const Route* route_of(const std::string& path);  // nullptr where there is none

// Why a request is not let in, or nothing. Sets `unread` where bytes that belong to it may still come, so that the connection cannot be kept.
std::optional<Reply> refused(const httplib::Request& request, const GatewaySettings& settings, bool& unread);

Reply not_allowed(const Route& route);  // another method than the path's own
Reply reply_of(const struct ApiError& error);

}  // namespace shardlm::app
