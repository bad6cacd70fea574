// What JSON from strangers must be before a parser builds it in memory.
#pragma once

#include <cstddef>

namespace shardlm {

constexpr std::size_t kMaxJsonNesting = 64;  // checkpoints' files have 6

// Whether arrays and objects lie within each other at most kMaxJsonNesting deep. Copying, comparing and printing a parsed text call
// themselves once a level, so that a few hundred kilobytes of "[" would leave no stack. The text need not be JSON.
inline bool json_is_shallow(const char* begin, const char* end) {
  std::size_t depth = 0;
  bool in_string = false;
  for (const char* c = begin; c != end; ++c) {
    if (in_string) {
      if (*c == '\\' && c + 1 != end) {
        ++c;
      } else if (*c == '"') {
        in_string = false;
      }
    } else if (*c == '"') {
      in_string = true;
    } else if (*c == '[' || *c == '{') {
      if (++depth > kMaxJsonNesting) return false;
    } else if ((*c == ']' || *c == '}') && depth > 0) {
      --depth;
    }
  }
  return true;
}

}  // namespace shardlm
