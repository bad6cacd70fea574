#include "chat_session.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "choices.hpp"
#include "interrupt.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/numbers.hpp"

namespace shardlm::app {
namespace {

constexpr const char* kHint = "/exit or Ctrl-D ends the conversation\n";
constexpr const char* kHelp =
    "/reset  forgets the conversation\n/stats  what the last answer and the conversation took and cost\n/exit   ends (so does Ctrl-D)\n"
    "Ctrl-C  stops an answer\n";

std::string system_message(const ChatOptions& o, const std::string& chat_template) {
  return o.system ? *o.system : text::default_system(chat_template);
}

// One word that begins with a slash is meant as a command; "/usr/bin, what is it?" is a question.
bool looks_like_command(const std::string& line) { return line[0] == '/' && line.find_first_of(" \t/", 1) == std::string::npos; }

}  // namespace

ChatSession::ChatSession(const ChatOptions& o, const io::ModelConfig& config, const std::string& tokenizer_json,
                         const std::string& chat_template)
    : options_(o),
      vocabulary_(config.vocabulary),
      capacity_(std::min({o.context, config.max_positions, std::size_t{1} << kContextBits})),
      interactive_(o.interactive || isatty(STDIN_FILENO)),
      system_(system_message(o, chat_template)),
      answerer_(std::make_shared<const text::Tokenizer>(tokenizer_json), o.sampling, config.end_tokens),
      stats_(config, options_.protocol) {
  const std::size_t around = prompt("").size();  // a tokenizer without chat tokens is noticed before anyone asks
  check_padding(options_, around, capacity_ - 1, "an answer must fit the " + std::to_string(capacity_) + " tokens of --context and the model as well");
}

void ChatSession::run(ChatEngine& engine) {
  interrupts_are_awaited();
  if (interactive_) show("Ask a line at a time. /help lists what else there is.\n");
  std::string line;
  while (true) {
    if (interactive_) show("> ");
    const LineReader::Came came = input_.next(line, [&engine] { engine.while_waiting(); });
    if (came == LineReader::Came::end) break;
    if (came == LineReader::Came::interrupt) {
      note(interactive_ ? std::string("\n") + kHint : kHint);
    } else if (came == LineReader::Came::too_long) {
      note("the line is longer than " + std::to_string(LineReader::kMost >> 20) + " MiB: ask something shorter\n");
    } else if (line == "/exit") {
      return;
    } else if (line.find_first_not_of(" \t") != std::string::npos && !command(line)) {
      ask(engine, line);
    }
  }
  if (interactive_) show("\n");
}

bool ChatSession::command(const std::string& line) {
  if (!looks_like_command(line)) return false;
  if (line == "/reset") {
    reset();
  } else if (line == "/stats") {
    note(stats_.table(capacity_));
  } else {
    note(line == "/help" ? kHelp : "there is no command " + line + "; there are\n" + kHelp);
  }
  return true;
}

void ChatSession::reset() {
  seen_.clear();
  kept_ = 0;
  stats_.clear();
}

// Between answers, so that both keep their order where both are on one terminal.
void ChatSession::note(const std::string& text) const {
  if (interactive_)
    show(text);
  else
    std::fputs(text.c_str(), stderr);
}

// What the engine has not computed yet: an answer that was cut has a last token that nothing followed. Padding stands in front of all text, so
// where prompts are padded the engine is given the whole conversation each time.
std::vector<text::Token> ChatSession::prompt(const std::string& question) const {
  if (seen_.empty()) return text::chat_prompt(answerer_.tokenizer(), {{"user", question}}, system_);
  std::vector<text::Token> tokens(seen_.begin() + std::ptrdiff_t(kept_), seen_.end());
  const std::vector<text::Token> turn = text::chat_turn(answerer_.tokenizer(), question);
  tokens.insert(tokens.end(), turn.begin(), turn.end());
  return tokens;
}

void ChatSession::check_room(ChatEngine& engine, const std::vector<text::Token>& prompt) const {
  check_vocabulary(prompt, vocabulary_);
  const std::string over = seen_.empty() ? "ask something shorter" : "/reset starts over";
  if (options_.pad_to > 0 && prompt.size() > options_.pad_to)
    throw Error("the conversation has " + std::to_string(prompt.size()) + " tokens with this question, more than the " +
                std::to_string(options_.pad_to) + " of --pad-to: " + over);
  const std::size_t fresh = positions(options_, prompt.size());
  if (kept_ + fresh + 1 > capacity_)
    throw Error("the conversation has " + std::to_string(kept_) + " tokens and this question " + std::to_string(fresh) +
                ", which leaves no room for an answer in the " + std::to_string(capacity_) + " of --context and the model: " + over);
  const std::string trouble = engine.trouble(fresh, kept_, capacity_);
  if (!trouble.empty()) throw Error(trouble);
}

void ChatSession::ask(ChatEngine& engine, const std::string& question) {
  std::vector<text::Token> fresh;
  try {
    fresh = prompt(question);
    check_room(engine, fresh);
  } catch (const Error& error) {
    note(std::string("shardlm: ") + error.what() + "\n");
    return;
  }
  const std::size_t prompt = positions(options_, fresh.size()), past = kept_;
  const std::size_t room = capacity_ - past - prompt + 1;  // the last token is not read any more
  Manner manner;
  manner.most = std::min(options_.max_tokens, room);
  manner.say = [](const std::string& text, std::size_t) { show(text); };
  manner.stopped = take_interrupt;
  seen_.resize(kept_);  // the token that was not computed is in `fresh`
  seen_.insert(seen_.end(), fresh.begin(), fresh.end());
  engine.begin(prompt, manner.most - 1, past, capacity_);
  const Answer answer =
      answerer_.answer([&engine](const std::vector<text::Token>& tokens) { return engine.step(tokens); }, fresh, seen_, manner);
  show("\n");
  kept_ = options_.pad_to > 0 ? 0 : past + answer.prompt + answer.steps - 1;
  stats_.add(past, prompt, answer, engine.finish());
  if (answer.stopped) {
    note("(stopped)\n");
  } else if (!answer.ended) {
    note(manner.most < options_.max_tokens ? "(cut: the conversation has no more room; /reset starts over)\n" : "(cut at --max-tokens)\n");
  }
}

}  // namespace shardlm::app
