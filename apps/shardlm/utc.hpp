// The time of day, for what is written down.
#pragma once

#include <ctime>
#include <string>

namespace shardlm::app {

// "2026-11-29T01:20:33Z"
inline std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace shardlm::app
