// What a tokenizer.json of the Qwen2.5 kind says, checked. Files come from strangers: whatever they hold, the answer is a
// TokenizerFile whose every token number is below `size`, or an Error.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "bpe.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::text {

constexpr std::size_t kMaxFileBytes = std::size_t(64) << 20;  // Qwen2.5 has 7 MB, the largest vocabularies in use 35 MB
constexpr Token kMaxTokens = Token(1) << 20;                  // Qwen2.5 has 151 665
constexpr std::size_t kMaxMerges = std::size_t(1) << 21;
constexpr std::size_t kMaxAddedBytes = std::size_t(1) << 20;  // of all added tokens together

struct AddedToken {
  std::string content;
  Token token = 0;
  bool special = false;     // control: found in text and shown only when asked for
  bool normalized = false;  // looked for after normalization, not before
};

struct TokenizerFile {
  Token size = 0;                        // largest number + 1
  std::vector<std::string> bytes;        // of each token; empty where a number is not used
  std::array<Token, 256> byte_tokens{};  // the token of every single byte
  std::vector<Bpe::Rule> merges;
  std::vector<AddedToken> added;
  std::string expression;  // of the split, in Oniguruma's syntax
  bool nfc = false;
  bool ignore_merges = false;  // a word that is a token is that token
};

TokenizerFile read_tokenizer_file(const std::string& json);

}  // namespace shardlm::text
