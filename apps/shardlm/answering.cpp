#include "answering.hpp"

#include <algorithm>
#include <cstdio>

#include "clock.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {

Answer Answerer::answer(const Step& step, const std::vector<text::Token>& prompt, std::vector<text::Token>& seen, const Manner& manner) {
  Answer answer;
  answer.prompt = prompt.size();
  text::Utf8Stream characters;
  const auto say = [&](const std::string& text) {
    answer.text += text;
    if (!text.empty()) manner.say(text);
  };
  std::vector<text::Token> fresh = prompt;
  while (answer.tokens < manner.most) {
    const Clock clock;
    std::vector<float> logits = step(fresh);
    (answer.steps++ == 0 ? answer.prefill : answer.decode) += clock.seconds();
    answer.stopped = manner.stopped();
    if (answer.stopped) break;
    const text::Token token = sampler_.next(std::move(logits), seen);
    answer.ended = std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end();
    if (answer.ended) break;
    ++answer.tokens;
    say(characters.push(tokenizer_.decode({token})));
    fresh = {token};
    seen.push_back(token);
  }
  say(characters.flush());
  return answer;
}

void check_vocabulary(const std::vector<text::Token>& tokens, std::size_t vocabulary) {
  for (text::Token token : tokens)
    if (std::size_t(token) >= vocabulary)
      throw Error("the tokenizer's token " + std::to_string(token) + " is outside the model's vocabulary of " + std::to_string(vocabulary));
}

void show(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error("cannot write the answer to standard output");
}

}  // namespace shardlm::app
