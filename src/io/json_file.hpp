// JSON of a checkpoint, which comes from strangers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "shardlm/core/error.hpp"
#include "shardlm/core/json_text.hpp"

namespace shardlm::io {

// Throws Error, naming `what`, unless the text is JSON of a sensible depth.
inline nlohmann::json parse_json(const char* begin, const char* end, const std::string& what) {
  if (!json_is_shallow(begin, end)) throw Error(what + " is nested more than " + std::to_string(kMaxJsonNesting) + " deep");
  try {
    return nlohmann::json::parse(begin, end);
  } catch (const nlohmann::json::exception& e) {
    throw Error(what + " is not valid JSON: " + e.what());
  }
}

inline nlohmann::json parse_json(const std::string& text, const std::string& what) {
  return parse_json(text.data(), text.data() + text.size(), what);
}

}  // namespace shardlm::io
