#include "conversation.hpp"

#include <fstream>
#include <iostream>
#include <thread>

#include "choices.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

std::string read_all(std::istream& input, const std::string& name) {
  std::string text;
  char part[4096];
  while (input.read(part, sizeof part) || input.gcount() > 0) text.append(part, std::size_t(input.gcount()));
  if (input.bad()) throw Error("cannot read the prompt from " + name);
  return text;
}

std::string read_standard_input() {
  const std::string text = read_all(std::cin, "standard input");
  // mpirun closes it, too, a second before it ends a job; then that is what is wrong, and its signal says so.
  if (text.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  return text;
}

// Without the line's end that editors and echo put at the end of a file.
std::string without_last_line_end(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  return text;
}

std::string read_prompt(const GenerateOptions& o) {
  if (o.prompt) return *o.prompt;
  if (o.prompt_file.empty())
    throw Error("there is no prompt: give one with -p TEXT, --prompt-file FILE, or --prompt-file - for standard input");
  return read_prompt_file(o.prompt_file);
}

std::string checked_prompt(const GenerateOptions& o) {
  const std::string prompt = read_prompt(o);
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

std::string read_prompt_file(const std::string& path) {
  if (path == "-") return without_last_line_end(read_standard_input());
  std::ifstream file(path);
  if (!file) throw Error("cannot read the prompt from " + path);
  return without_last_line_end(read_all(file, path));
}

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
