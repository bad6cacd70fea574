#include "gateway_client/address.hpp"

#include <algorithm>
#include <cctype>

#include "gateway_client/printable.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app::remote {
namespace {

[[noreturn]] void refuse(const std::string& url, const std::string& why) {
  throw Error("'" + printable(url) + "' is no address of a gateway, " + why + ": give one such as http://localhost:9090 with -s");
}

bool starts_with(const std::string& text, const std::string& start) { return text.compare(0, start.size(), start) == 0; }

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

int port_of(const std::string& url, const std::string& digits) {
  const bool number = !digits.empty() && digits.size() <= 5 && std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c); });
  const int port = number ? std::stoi(digits) : 0;
  if (port < 1 || port > 65535) refuse(url, "for its port is no number from 1 to 65535");
  return port;
}

bool is_host(const std::string& host, bool in_brackets) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [in_brackets](unsigned char c) {
    return in_brackets ? std::isxdigit(c) || c == ':' || c == '.' : std::isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

}  // namespace

bool Address::is_this_machine() const {
  const bool number = std::all_of(host.begin(), host.end(), [](unsigned char c) { return std::isdigit(c) || c == '.'; });
  return host == "localhost" || ends_with(host, ".localhost") || host == "::1" || (number && starts_with(host, "127."));
}

Address parse_address(const std::string& url) {
  Address a;
  a.encrypted = starts_with(url, "https://");
  if (!a.encrypted && !starts_with(url, "http://")) refuse(url, "for it does not begin with http:// or https://");
  std::string rest = url.substr(a.encrypted ? 8 : 7);
  if (!rest.empty() && rest.back() == '/') rest.pop_back();
  if (rest.find('/') != std::string::npos) refuse(url, "for a path follows the host");
  if (rest.find('@') != std::string::npos) refuse(url, "for it names a user");
  const bool in_brackets = !rest.empty() && rest[0] == '[';
  const std::size_t end = in_brackets ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (end == std::string::npos) refuse(url, "for a bracket is not closed");
  a.host = rest.substr(in_brackets, end - in_brackets);
  if (!is_host(a.host, in_brackets)) refuse(url, "for there is no host in it");
  const std::string after = rest.substr(end + in_brackets);
  if (!after.empty() && after[0] != ':') refuse(url, "for no port follows its host");
  a.port = after.empty() ? (a.encrypted ? 443 : 80) : port_of(url, after.substr(1));
  a.text = (a.encrypted ? "https://" : "http://") + rest;
  return a;
}

}  // namespace shardlm::app::remote
