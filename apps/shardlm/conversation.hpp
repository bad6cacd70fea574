// A single question and its answer: reads the prompt, makes its tokens, prints the text.
#pragma once

#include <string>
#include <vector>

#include "answering.hpp"
#include "options.hpp"
#include "shardlm/io/model_config.hpp"

namespace shardlm::app {

// Throws Error where prompt and answer, in tokens, are more than the model's positions.
void check_length(std::size_t prompt, std::size_t answer, std::size_t positions);

// All that only the client may know. Reads the prompt's file or standard input where the options say so.
class Conversation {
 public:
  // Throws Error for a prompt or options that cannot be answered.
  Conversation(const GenerateOptions& options, const io::ModelConfig& config, const std::string& tokenizer_json,
               const std::string& chat_template);

  std::size_t prompt_tokens() const { return prompt_.size(); }
  // Prints the text as it comes, unless the options ask for JSON.
  Answer answer(const Step& step);

 private:
  const GenerateOptions& options_;
  Answerer answerer_;
  std::vector<text::Token> prompt_;
};

}  // namespace shardlm::app
