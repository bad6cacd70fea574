#include "tokens_to_measure.hpp"

#include "answering.hpp"
#include "choices.hpp"
#include "conversation.hpp"
#include "prompt_text.hpp"

namespace shardlm::app {
namespace {

const char* const kDefaultPrompt = "Hello, how are you?";

}  // namespace

void MeasuredPrompt::describe(BenchResults& results) const {
  results.prompt = text;
  results.text_tokens = text_tokens;
  results.prompt_tokens = tokens.size();
}

MeasuredPrompt tokens_to_measure(const BenchOptions& o, const io::ModelConfig& config, const std::string& tokenizer_json,
                                 const std::string& chat_template) {
  const text::Tokenizer tokenizer(tokenizer_json);
  MeasuredPrompt prompt;
  prompt.text = o.prompt_file.empty() ? o.prompt.value_or(kDefaultPrompt) : read_prompt_file(o.prompt_file);
  if (prompt.text.empty()) throw Error("the prompt is empty: give some text, which --tokens can repeat");
  prompt.tokens = o.chat ? text::chat_prompt(tokenizer, {{"user", prompt.text}}, text::default_system(chat_template)) : tokenizer.encode(prompt.text, true);
  check_vocabulary(prompt.tokens, config.vocabulary);
  prompt.text_tokens = prompt.tokens.size();
  const std::size_t most = config.max_positions;
  if (o.tokens > most) throw Error("--tokens " + std::to_string(o.tokens) + " is more than the model's " + std::to_string(most) + " positions");
  if (o.tokens > 0) {
    prompt.tokens.resize(o.tokens);
    for (std::size_t i = prompt.text_tokens; i < o.tokens; ++i) prompt.tokens[i] = prompt.tokens[i % prompt.text_tokens];
  }
  check_length(positions(o, prompt.tokens.size()), o.max_tokens, most);
  return prompt;
}

}  // namespace shardlm::app
