#include "answering.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "clock.hpp"
#include "gateway/stop_texts.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/wipe.hpp"

namespace shardlm::app {

namespace {

// Logits that are no finite number are left out: the sampler says what is wrong with them.
std::vector<std::pair<text::Token, float>> likeliest(const std::vector<float>& logits, std::size_t n) {
  std::vector<std::pair<text::Token, float>> all;
  if (n == 0) return all;
  all.reserve(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (std::isfinite(logits[i])) all.emplace_back(text::Token(i), logits[i]);
  n = std::min(n, all.size());
  std::partial_sort(all.begin(), all.begin() + std::ptrdiff_t(n), all.end(),
                    [](const auto& a, const auto& b) { return a.second > b.second || (a.second == b.second && a.first < b.first); });
  return {all.begin(), all.begin() + std::ptrdiff_t(n)};
}

}  // namespace

Answer Answerer::answer(const Step& step, const std::vector<text::Token>& prompt, std::vector<text::Token>& seen, const Manner& manner) {
  Answer answer;
  answer.prompt = prompt.size();
  text::Utf8Stream characters;
  StopTexts stop(manner.stop_texts);
  const auto say = [&](const std::string& text) {
    answer.text += text;
    manner.say(text, answer.tokens);
  };
  std::vector<text::Token> fresh = prompt;
  while (answer.tokens < manner.most && !answer.ended) {
    const Clock clock;
    std::vector<float> logits = step(fresh);
    (answer.steps++ == 0 ? answer.prefill : answer.decode) += clock.seconds();
    answer.stopped = manner.stopped();
    if (answer.stopped) break;
    if (answer.steps == 1) answer.top = likeliest(logits, manner.top);
    const text::Token token = sampler_.next(std::move(logits), seen);
    if (!answer.first) answer.first = token;
    answer.ended = std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end();
    if (answer.ended) break;
    ++answer.tokens;
    say(stop.push(characters.push(tokenizer_->decode({token}))));
    answer.ended = stop.found();
    wipe(fresh.data(), fresh.size() * sizeof fresh[0]);
    fresh.assign(1, token);
    seen.push_back(token);
  }
  const std::string rest = stop.push(characters.flush());
  say(rest + stop.flush());
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
