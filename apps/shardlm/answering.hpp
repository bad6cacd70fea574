// From logits to an answer's text, whoever computes the logits: what a single question and a turn of a conversation have in common.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shardlm/text/sampler.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::app {

// The first call takes the prompt, each later one a token; returns the logits of the next.
using Step = std::function<std::vector<float>(const std::vector<text::Token>&)>;

struct Answer {
  std::string text;
  std::size_t prompt = 0, tokens = 0;  // numbers of tokens; the one that ended the answer does not count
  std::size_t steps = 0;
  bool ended = false;              // by the model, or by a stop text; else the answer was cut at its most tokens, or stopped
  bool stopped = false;            // by the person who asked
  double prefill = 0, decode = 0;  // seconds
  std::optional<text::Token> first;                // the first token that was chosen, also one that ended the answer
  std::vector<std::pair<text::Token, float>> top;  // the likeliest first tokens and their logits, falling
};

// How to answer.
struct Manner {
  std::size_t most;  // tokens
  // Shows text as it comes, whole characters, with the number of tokens so far: after each token and once more at the end, also where there is
  // no text to show.
  std::function<void(const std::string& text, std::size_t tokens)> say;
  std::function<bool()> stopped = [] { return false; };  // asked after each step
  std::vector<std::string> stop_texts = {};              // the answer ends before the first of them
  std::size_t top = 0;                                   // how many of the likeliest first tokens are wanted
};

class Answerer {
 public:
  // The tokenizer may be shared: making one takes a second where the vocabulary is large.
  Answerer(std::shared_ptr<const text::Tokenizer> tokenizer, const text::SamplerOptions& sampling, std::vector<text::Token> end_tokens)
      : tokenizer_(std::move(tokenizer)), sampler_(sampling), end_tokens_(std::move(end_tokens)) {}

  const text::Tokenizer& tokenizer() const { return *tokenizer_; }
  // seen: the conversation's tokens, the prompt last; the answer's are added, but for the one that ended it. All of them have been
  // through `step` then, except the answer's last one.
  Answer answer(const Step& step, const std::vector<text::Token>& prompt, std::vector<text::Token>& seen, const Manner& manner);

 private:
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  text::Sampler sampler_;
  std::vector<text::Token> end_tokens_;
};

// Throws Error for a token of the tokenizer that the model does not have.
void check_vocabulary(const std::vector<text::Token>& tokens, std::size_t vocabulary);

// Writes to standard output, at once. Throws Error where it cannot.
void show(const std::string& text);

}  // namespace shardlm::app
