#include "shardlm/core/error.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::text {
namespace {

constexpr std::string_view kOpen = "<|im_start|>", kClose = "<|im_end|>";

Token control(const Tokenizer& tokenizer, std::string_view content) {
  const Token token = tokenizer.token(content);
  if (token < 0)
    throw Error("The tokenizer lacks " + std::string(content) + ", which chat prompts need; use a model with Qwen's chat tokens.");
  return token;
}

class Prompt {
 public:
  explicit Prompt(const Tokenizer& tokenizer)
      : tokenizer_(tokenizer), open_(control(tokenizer, kOpen)), close_(control(tokenizer, kClose)) {}

  // A role and what it says are one stretch of text: a character that combines with the line's end does so here as in the
  // rendered string.
  void turn(const std::string& role, const std::string& content) {
    tokens_.push_back(open_);
    text(role + "\n" + content);
    close();
  }
  void close() {
    tokens_.push_back(close_);
    text("\n");
  }
  std::vector<Token> answer() {
    tokens_.push_back(open_);
    text("assistant\n");
    return std::move(tokens_);
  }

 private:
  const Tokenizer& tokenizer_;
  Token open_, close_;
  std::vector<Token> tokens_;

  void text(const std::string& text) {
    const std::vector<Token> more = tokenizer_.encode(text);
    tokens_.insert(tokens_.end(), more.begin(), more.end());
  }
};

// Reads a string literal of a Jinja template from its inside: escapes as Jinja has them from Python.
class Literal {
 public:
  Literal(std::string_view source, std::size_t at, char quote) : source_(source), at_(at), quote_(quote) {}

  std::size_t at() const { return at_; }
  bool ended() const { return at_ >= source_.size() || source_[at_] == quote_; }
  bool starts(std::string_view with) const { return source_.substr(at_, with.size()) == with; }
  // The next character, a byte of UTF-8 or an escape.
  std::string next() {
    const char c = source_[at_++];
    if (c != '\\' || at_ >= source_.size()) return {c};
    const char escaped = source_[at_++];
    constexpr std::string_view known = "ntr\n\\'\"", unread = "uUxNabfv01234567";
    constexpr std::string_view meaning[] = {"\n", "\t", "\r", "", "\\", "'", "\""};
    if (const std::size_t i = known.find(escaped); i != std::string_view::npos) return std::string(meaning[i]);
    if (unread.find(escaped) != std::string_view::npos)
      throw Error(std::string("The chat template's system message has the escape \"\\") + escaped +
                  "\", which is not read; give a system message.");
    return {'\\', escaped};
  }

 private:
  std::string_view source_;
  std::size_t at_;
  char quote_;
};

// What a literal says after "<|im_start|>system" and a line's end, up to "<|im_end|>"; false if it ends or goes on otherwise.
bool read_system(Literal& literal, std::string& message) {
  if (literal.ended() || literal.next() != "\n") return false;
  for (message.clear(); !literal.ended(); message += literal.next())
    if (literal.starts(kClose)) return true;
  return false;
}

}  // namespace

std::string default_system(const std::string& chat_template) {
  if (chat_template.empty()) return kDefaultSystem;
  const std::string opening = std::string(kOpen) + "system";
  for (std::size_t at = 0; (at = chat_template.find(opening, at)) != std::string::npos;) {
    const char quote = at > 0 ? chat_template[at - 1] : '\0';
    Literal literal(chat_template, at + opening.size(), quote);
    std::string message;
    if ((quote == '\'' || quote == '"') && read_system(literal, message)) return message;
    at = literal.at();  // nothing is read twice, however many openings there are
  }
  return "";
}

std::vector<Token> chat_prompt(const Tokenizer& tokenizer, const std::vector<Message>& messages, const std::string& default_system) {
  if (messages.empty()) throw Error("A chat prompt needs at least one message.");
  Prompt prompt(tokenizer);
  if (messages.front().role != "system" && !default_system.empty()) prompt.turn("system", default_system);
  for (const Message& message : messages) {
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      throw Error("A message's role must be system, user or assistant, not \"" + message.role + "\".");
    prompt.turn(message.role, message.content);
  }
  return prompt.answer();
}

std::vector<Token> chat_turn(const Tokenizer& tokenizer, const std::string& question) {
  Prompt prompt(tokenizer);
  prompt.close();
  prompt.turn("user", question);
  return prompt.answer();
}

}  // namespace shardlm::text
