#include "share_formats.hpp"

#include "shardlm/core/error.hpp"

namespace shardlm::io {

std::string hex_of(const std::uint8_t* bytes, std::size_t n) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < n; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

bool from_hex(const nlohmann::json& attributes, const char* name, std::uint8_t* bytes, std::size_t n) {
  const auto at = attributes.find(name);
  const std::string text = at != attributes.end() && at->is_string() ? at->get<std::string>() : std::string();
  if (text.size() != 2 * n || text.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
  return true;
}

std::string text_of(const nlohmann::json& attributes, const char* name, const std::string& where) {
  const auto at = attributes.find(name);
  if (at == attributes.end() || !at->is_string())
    throw Error("cannot use " + where + ": it lacks the attribute " + name + " or has it with another type, so it is damaged");
  return at->get<std::string>();
}

}  // namespace shardlm::io
