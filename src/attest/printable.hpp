// Text of others in a sentence.
#pragma once

#include <string>

namespace shardlm::attest {

// At most 300 characters, those that are not printable ASCII as '?'.
inline std::string printable(const std::string& text) {
  std::string line = text.substr(0, 300);
  for (char& c : line)
    if (c < ' ' || c > '~') c = '?';
  return line;
}

}  // namespace shardlm::attest
