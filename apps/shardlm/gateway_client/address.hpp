// Where a gateway is: what -s says.
#pragma once

#include <string>

namespace shardlm::app::remote {

struct Address {
  std::string text;  // as people write it: http://localhost:9090
  std::string host;  // without the brackets of an IPv6 address
  int port = 0;
  bool encrypted = false;  // https: something in front of the gateway speaks TLS

  bool is_this_machine() const;
};

// http:// or https://, a host, and a port, which may be left out. Throws Error.
Address parse_address(const std::string& url);

}  // namespace shardlm::app::remote
