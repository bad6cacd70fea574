// What comes from somewhere else, fit to be shown on a terminal.
#pragma once

#include <string>

namespace shardlm::app::remote {

// At most 500 characters, those that are not printable ASCII as '?'.
inline std::string printable(const std::string& text) {
  constexpr std::size_t kMost = 500;
  std::string out = text.substr(0, kMost);
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return text.size() > kMost ? out + "..." : out;
}

}  // namespace shardlm::app::remote
