#include "conversation.hpp"

#include "choices.hpp"
#include "prompt_text.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

std::string checked_prompt(const GenerateOptions& o) {
  const std::string prompt = prompt_of(o.prompt, o.prompt_file);
  if (prompt.empty()) throw Error("the prompt is empty: ask something");
  if (o.raw && o.system) throw Error("--raw has no place for a system message: leave --system out");
  return prompt;
}

std::vector<text::Token> encode(const GenerateOptions& o, const std::string& prompt, const text::Tokenizer& tokenizer, const std::string& chat_template) {
  if (o.raw) return tokenizer.encode(prompt, true);
  if (o.system && !o.system->empty()) return text::chat_prompt(tokenizer, {{"system", *o.system}, {"user", prompt}});
  return text::chat_prompt(tokenizer, {{"user", prompt}}, o.system ? std::string() : text::default_system(chat_template));
}

}  // namespace

void check_length(std::size_t prompt, std::size_t answer, std::size_t positions) {
  if (prompt + answer - 1 <= positions) return;  // the last token is not read any more
  const std::string room = "the prompt has " + std::to_string(prompt) + " tokens and the model room for " + std::to_string(positions);
  if (prompt > positions) throw Error(room + ": shorten the prompt");
  throw Error(room + ", which leaves less than the " + std::to_string(answer) + " tokens of --max-tokens: give " +
              std::to_string(positions - prompt + 1) + " or less, or shorten the prompt");
}

Conversation::Conversation(const GenerateOptions& options, const io::ModelConfig& config, const std::string& tokenizer_json,
                           const std::string& chat_template)
    : options_(options),
      answerer_(std::make_shared<const text::Tokenizer>(tokenizer_json), options.sampling, config.end_tokens),
      prompt_(encode(options, checked_prompt(options), answerer_.tokenizer(), chat_template)) {
  if (options.max_tokens <= config.max_positions)
    check_padding(options, encode(options, "", answerer_.tokenizer(), chat_template).size(), config.max_positions - options.max_tokens + 1,
                  "the model has " + std::to_string(config.max_positions) + " positions, and the " + std::to_string(options.max_tokens) +
                      " tokens of --max-tokens need theirs");
  check_length(positions(options, prompt_.size()), options.max_tokens, config.max_positions);
  check_vocabulary(prompt_, config.vocabulary);
}

Answer Conversation::answer(const Step& step) {
  const bool shown = !options_.json;
  std::vector<text::Token> seen = prompt_;
  Manner manner;
  manner.most = options_.max_tokens;
  manner.say = [shown](const std::string& text, std::size_t) {
    if (shown) show(text);
  };
  const Answer answer = answerer_.answer(step, prompt_, seen, manner);
  if (shown) show("\n");
  return answer;
}

}  // namespace shardlm::app
