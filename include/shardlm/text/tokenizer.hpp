// Text to token numbers and back, exactly as Hugging Face `tokenizers` does for Qwen2.5: NFC, the split expression, byte-level
// BPE, added tokens. Reads tokenizer.json. No Kokkos, no MPI. Letters, numbers and combining marks are those of the installed
// PCRE2's and ICU's Unicode; beside ones that are newer, numbers may differ from Hugging Face's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace shardlm::text {

using Token = std::int32_t;

// Once it is made nothing in it changes, so that several threads may encode and decode with one at the same time.
class Tokenizer {
 public:
  // The text of a tokenizer.json; throws shardlm::Error with one sentence where it is not one this reads.
  explicit Tokenizer(const std::string& json);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  // Special tokens in the text are text, not control, unless `special` is true; added tokens that are not special count always.
  // Broken UTF-8: each piece that is no character becomes U+FFFD first, as in Python's and Rust's lossy decoders.
  std::vector<Token> encode(std::string_view text, bool special = false) const;
  // Bytes of the tokens, special ones left out unless asked for; a number that no token has gives nothing. May end within a
  // character: see Utf8Stream.
  std::string decode(const std::vector<Token>& tokens, bool special = false) const;
  std::size_t size() const;                     // largest token number + 1
  Token token(std::string_view content) const;  // of an added token such as <|im_end|>, or -1

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Holds back the bytes of an unfinished character, so that an answer can be shown token by token.
class Utf8Stream {
 public:
  std::string push(std::string_view bytes);  // what is complete so far, broken bytes as U+FFFD
  std::string flush();                       // the rest, likewise

 private:
  std::string held_;
};

struct Message {
  std::string role, content;  // role: system, user, assistant
};

constexpr const char* kDefaultSystem = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";

// The system message that a checkpoint's chat_template (Jinja, from tokenizer_config.json) renders when it is given none: the
// literal between '<|im_start|>system\n' and '<|im_end|>'. Empty if the template has none, kDefaultSystem if it is itself empty.
// Throws Error for an escape in the literal other than \n \t \r \\ \' \".
std::string default_system(const std::string& chat_template);

// ChatML as Qwen2.5's template renders it: its default system message unless the first message is one or the default is empty,
// then each message, then the opening of the assistant's turn. Control tokens are control, the messages' own text is text.
// Throws Error for no messages, another role, or a tokenizer without <|im_start|> and <|im_end|>.
std::vector<Token> chat_prompt(const Tokenizer& tokenizer, const std::vector<Message>& messages,
                               const std::string& default_system = kDefaultSystem);

// What follows an answer in the same rendering, for a model that holds the conversation up to the answer's last word: the end of the
// assistant's turn, a user's turn, then the opening of the assistant's next one. chat_prompt(messages) + answer + this is
// chat_prompt(messages, the answer, the question), if the answer's tokens are those of its text. Throws as chat_prompt does.
std::vector<Token> chat_turn(const Tokenizer& tokenizer, const std::string& question);

}  // namespace shardlm::text
