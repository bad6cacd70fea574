#include "gateway/authorization.hpp"

#include <arpa/inet.h>
#include <cryptopp/misc.h>
#include <cryptopp/sha.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

// As RFC 6750, 2.1 has them. Others might come changed: who reads a request may undo percent signs in its fields.
bool is_of_bearer_token(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != 0 && std::strchr("-._~+/=", c));
}

constexpr std::size_t kLeast = 16, kMost = 4096;

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

// All that the file holds, if that is no more than a key and the end of its line.
std::string content_of(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat facts {};
  if (file.number < 0 || ::fstat(file.number, &facts) != 0)
    throw SystemError("the API key's file " + path + " cannot be read: " + std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) throw Error("the API key's file " + path + " is no regular file");
  if (facts.st_mode & 077) throw Error("the API key's file " + path + " can be read by others than its owner; chmod 600 it, and take a new key");
  std::string content(kMost + 2, '\0');
  const auto size = ::read(file.number, content.data(), content.size());
  if (size < 0) throw SystemError("the API key's file " + path + " cannot be read: " + std::strerror(errno));
  content.resize(static_cast<std::size_t>(size));
  return content;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return text;
}

// Without the port and the brackets of an IPv6 address; empty where it is no such thing.
std::string host_of(const std::string& field) {
  const auto port_from = field.rfind(':');
  const auto bracket = field.rfind(']');
  const bool has_port = port_from != std::string::npos && (bracket == std::string::npos || port_from > bracket);
  if (has_port && !std::all_of(field.begin() + port_from + 1, field.end(), [](unsigned char c) { return c >= '0' && c <= '9'; })) return "";
  auto host = lower(has_port ? field.substr(0, port_from) : field);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

using Digest = std::array<CryptoPP::byte, CryptoPP::SHA256::DIGESTSIZE>;

Digest digest_of(const std::string& text) {
  Digest digest;
  CryptoPP::SHA256().CalculateDigest(digest.data(), reinterpret_cast<const CryptoPP::byte*>(text.data()), text.size());
  return digest;
}

}  // namespace

std::string read_api_key(const std::string& path) {
  auto key = content_of(path);
  if (!key.empty() && key.back() == '\n') key.pop_back();
  if (!key.empty() && key.back() == '\r') key.pop_back();
  if (key.size() > kMost || !std::all_of(key.begin(), key.end(), is_of_bearer_token))
    throw Error("the API key's file " + path + " must hold one line of letters, digits and - . _ ~ + / = alone");
  if (key.size() < kLeast)
    throw Error("the API key in " + path + " has " + std::to_string(key.size()) + " characters; it needs at least " + std::to_string(kLeast) +
                ". (\"openssl rand -hex 32\" makes one)");
  return key;
}

bool has_key(const std::string& authorization, const std::string& key) {
  const auto space = authorization.find(' ');
  const bool bearer = lower(authorization.substr(0, space)) == "bearer";
  // Of one length whatever was sent, so that neither the length nor the first wrong character shows in the time.
  const auto sent = digest_of(bearer ? authorization.substr(std::min(space, authorization.size() - 1) + 1) : ""), right = digest_of(key);
  return CryptoPP::VerifyBufsEqual(sent.data(), right.data(), right.size()) && bearer;
}

bool is_loopback(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return lower(host) == "localhost";
}

bool names_this_machine(const std::string& host_field, const std::string& bound) {
  const auto host = host_of(host_field);
  return host == "localhost" || host == "127.0.0.1" || host == "::1" || (!host.empty() && host == lower(bound));
}

bool same_origin(const std::string& origin, const std::string& host_field) {
  const auto scheme = origin.find("://");
  if (scheme == std::string::npos || host_field.empty()) return false;
  return lower(origin.substr(scheme + 3)) == lower(host_field);
}

}  // namespace shardlm::app
