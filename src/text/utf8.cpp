#include "utf8.hpp"

#include <cstdint>
#include <cstring>

#include "shardlm/text/tokenizer.hpp"

namespace shardlm::text {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

// How a lead byte goes on: bytes that follow it, and the range of the first of them (the others are 80..BF).
struct Lead {
  int follow;
  std::uint8_t low, high;
};

constexpr Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {0, 0, 0};
  if (byte < 0xC2) return {-1, 0, 0};
  if (byte < 0xE0) return {1, 0x80, 0xBF};
  if (byte < 0xF0) return {2, std::uint8_t(byte == 0xE0 ? 0xA0 : 0x80), std::uint8_t(byte == 0xED ? 0x9F : 0xBF)};
  if (byte < 0xF5) return {3, std::uint8_t(byte == 0xF0 ? 0x90 : 0x80), std::uint8_t(byte == 0xF4 ? 0x8F : 0xBF)};
  return {-1, 0, 0};
}

bool eight_are_ascii(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return (word & 0x8080808080808080u) == 0;
}

}  // namespace

Utf8Step utf8_step(std::string_view text, std::size_t at) {
  const Lead lead = lead_of(std::uint8_t(text[at]));
  if (lead.follow < 0) return {Utf8::broken, 1};
  for (int i = 1; i <= lead.follow; ++i) {
    if (at + i == text.size()) return {Utf8::cut, std::size_t(i)};
    const std::uint8_t byte = std::uint8_t(text[at + i]);
    const std::uint8_t low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) return {Utf8::broken, std::size_t(i)};
  }
  return {Utf8::whole, std::size_t(lead.follow) + 1};
}

std::size_t utf8_valid_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size() && eight_are_ascii(text.data() + at)) {
      at += 8;
      continue;
    }
    const Utf8Step step = utf8_step(text, at);
    if (step.kind != Utf8::whole) break;
    at += step.length;
  }
  return at;
}

std::string utf8_repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const std::size_t valid = utf8_valid_prefix(text);
    out.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) return out;
    out += kReplacement;
    text.remove_prefix(utf8_step(text, 0).length);
  }
}

std::string utf8_of(char32_t code) {
  if (code < 0x80) return {char(code)};
  if (code < 0x800) return {char(0xC0 | code >> 6), char(0x80 | (code & 63))};
  if (code < 0x10000) return {char(0xE0 | code >> 12), char(0x80 | (code >> 6 & 63)), char(0x80 | (code & 63))};
  return {char(0xF0 | code >> 18), char(0x80 | (code >> 12 & 63)), char(0x80 | (code >> 6 & 63)), char(0x80 | (code & 63))};
}

std::string Utf8Stream::push(std::string_view bytes) {
  held_.append(bytes);
  std::string out;
  std::size_t at = 0;
  while (at < held_.size()) {
    const Utf8Step step = utf8_step(held_, at);
    if (step.kind == Utf8::cut) break;
    step.kind == Utf8::whole ? out.append(held_, at, step.length) : out.append(kReplacement);
    at += step.length;
  }
  held_.erase(0, at);
  return out;
}

std::string Utf8Stream::flush() {
  std::string out = utf8_repaired(held_);
  held_.clear();
  return out;
}

}  // namespace shardlm::text
