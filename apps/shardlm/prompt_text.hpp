// Where a prompt's text comes from.
#pragma once

#include <optional>
#include <string>

namespace shardlm::app {

// A file's text, or standard input's ("-"), without the line end at its end. Throws Error.
std::string read_prompt_file(const std::string& path);

// What was given with -p, or else the file's text. Throws Error where neither was given.
std::string prompt_of(const std::optional<std::string>& prompt, const std::string& file);

}  // namespace shardlm::app
