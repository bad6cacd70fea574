// Where characters of UTF-8 begin and end (The Unicode Standard 15, table 3-7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shardlm::text {

enum class Utf8 {
  whole,   // a character
  cut,     // the text ends within what could become a character
  broken,  // the longest start of a character that cannot go on, or one byte that starts none
};

struct Utf8Step {
  Utf8 kind;
  std::size_t length;  // bytes, at least 1
};

// What stands at `at` < text.size().
Utf8Step utf8_step(std::string_view text, std::size_t at);

// Bytes of the longest start of `text` that is UTF-8.
std::size_t utf8_valid_prefix(std::string_view text);

// Every piece that is not a character becomes U+FFFD, as Python's and Rust's lossy decoders do.
std::string utf8_repaired(std::string_view text);

// The character U+`code`, which must be one.
std::string utf8_of(char32_t code);

}  // namespace shardlm::text
