// A question and its answer, whoever computes the logits: text to tokens, choosing tokens, tokens to text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "options.hpp"
#include "shardlm/io/model_config.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::app {

// The first call takes the prompt, each later one a token; returns the logits of the next.
using Step = std::function<std::vector<float>(const std::vector<text::Token>&)>;

struct Answer {
  std::string text;
  std::size_t prompt = 0, tokens = 0;  // numbers of tokens; the one that ended the answer does not count
  std::size_t steps = 0;
  bool ended = false;              // by the model; else the answer was cut at --max-tokens
  double prefill = 0, decode = 0;  // seconds
};

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
  std::vector<text::Token> end_tokens_;
  text::Tokenizer tokenizer_;
  text::Sampler sampler_;
  std::vector<text::Token> prompt_;
};

}  // namespace shardlm::app
