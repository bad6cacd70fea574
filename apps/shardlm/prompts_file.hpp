// Files of prompts, for comparing and checking: one prompt a line.
#pragma once

#include <string>
#include <vector>

#include "shardlm/text/tokenizer.hpp"

namespace shardlm::app {

// A line that begins with '{' is JSON: {"prompt": TEXT, "system": TEXT, "raw": BOOL}; without "system" the model's own system message, with
// an empty one none, with "raw" no chat template. Any other line is a prompt as it stands. Empty lines do not count.
struct PromptLine {
  std::string text;
  std::vector<text::Token> tokens;
};

// Throws Error, with the line's number, for a line that cannot be read, and for a file without prompts.
std::vector<PromptLine> read_prompts(const std::string& path, const text::Tokenizer& tokenizer, const std::string& chat_template);

// Some of all kinds: English, other languages, code, numbers, chat and raw text.
std::vector<PromptLine> sample_prompts(const text::Tokenizer& tokenizer, const std::string& chat_template);

}  // namespace shardlm::app
