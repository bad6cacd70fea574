#include "byte_alphabet.hpp"

#include <array>
#include <string_view>
#include <unordered_map>

#include "utf8.hpp"

namespace shardlm::text {
namespace {

struct Alphabet {
  std::array<std::string, 256> letters;
  std::unordered_map<std::string_view, std::uint8_t> bytes;

  Alphabet() {
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool prints = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      letters[byte] = utf8_of(prints ? char32_t(byte) : next++);
      bytes.emplace(letters[byte], std::uint8_t(byte));
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

std::string letter_of_byte(std::uint8_t byte) { return alphabet().letters[byte]; }

std::string bytes_of_letters(const std::string& token) {
  std::string out;
  for (std::size_t at = 0; at < token.size();) {
    const std::size_t length = utf8_step(token, at).length;
    const auto found = alphabet().bytes.find(std::string_view(token).substr(at, length));
    if (found == alphabet().bytes.end()) return token;
    out += char(found->second);
    at += length;
  }
  return out;
}

}  // namespace shardlm::text
