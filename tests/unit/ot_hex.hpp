// Known answers in hex.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io_files.hpp"
#include "shardlm/ot/oprf.hpp"

namespace shardlm::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes from_hex(const std::string& hex) {
  Bytes bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
  return bytes;
}

template <std::size_t n>
std::string to_hex(const std::array<std::uint8_t, n>& bytes) {
  std::string hex;
  for (const std::uint8_t byte : bytes) hex += "0123456789abcdef"[byte >> 4], hex += "0123456789abcdef"[byte & 15];
  return hex;
}

template <std::size_t n>
std::string to_hex(const ot::Secret<n>& secret) {
  return to_hex(secret.bytes);
}

inline ot::Element element(const std::string& hex) {
  const Bytes bytes = from_hex(hex);
  ot::Element out{};
  if (bytes.size() != out.size()) throw Error("a known answer has " + std::to_string(bytes.size()) + " bytes, not 32");
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

inline ot::Scalar scalar(const std::string& hex) { return ot::Scalar(element(hex)); }

const std::string kIdentity(64, '0');
const std::string kGenerator = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";  // RFC 9496, Appendix A.1

}  // namespace shardlm::test
