// Compares a tokenizer with the stored answers of Hugging Face's `tokenizers`; their form is told in vectors/make_tokenizer.py.
#pragma once

#include "text_vectors.hpp"

namespace shardlm::text {

inline std::vector<Token> tokens_of(const Json& numbers) { return numbers.get<std::vector<Token>>(); }

inline void expect_encodings(const Tokenizer& tokenizer, const Json& answers) {
  for (std::size_t i = 0; i < answers["strings"].size(); ++i) {
    const std::string text = answers["strings"][i];
    const Json as_control = answers["control"].value(std::to_string(i), answers["text"][i]);
    EXPECT_EQ(tokenizer.encode(text), tokens_of(answers["text"][i])) << "string " << i << ": " << Json(text);
    EXPECT_EQ(tokenizer.encode(text, true), tokens_of(as_control)) << "string " << i << ": " << Json(text);
  }
}

inline void expect_round_trips(const Tokenizer& tokenizer, const Json& answers) {
  for (std::size_t i = 0; i < answers["strings"].size(); ++i) {
    const std::string text = answers["strings"][i], normalized = answers["nfc"].value(std::to_string(i), text);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), normalized) << "string " << i;
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, true), true), normalized) << "string " << i;
  }
}

// Shown token by token, as an answer is.
inline std::string shown(const Tokenizer& tokenizer, const std::vector<Token>& tokens, bool special) {
  Utf8Stream stream;
  std::string out;
  for (const Token token : tokens) out += stream.push(tokenizer.decode({token}, special));
  return out + stream.flush();
}

inline void expect_decodings(const Tokenizer& tokenizer, const Json& answers) {
  for (const Json& answer : answers["decode"]) {
    EXPECT_EQ(shown(tokenizer, tokens_of(answer[0]), false), answer[1].get<std::string>()) << answer[0];
    EXPECT_EQ(shown(tokenizer, tokens_of(answer[0]), true), answer[2].get<std::string>()) << answer[0];
  }
}

inline std::vector<Message> messages_of(const Json& list) {
  std::vector<Message> out;
  for (const Json& message : list) out.push_back({message["role"], message["content"]});
  return out;
}

inline void expect_chats(const Tokenizer& tokenizer, const Json& answers) {
  for (const Json& answer : answers["chats"]) EXPECT_EQ(chat_prompt(tokenizer, messages_of(answer[0])), tokens_of(answer[1])) << answer[0];
}

}  // namespace shardlm::text
