#include "shardlm/text/tokenizer.hpp"

#include <unordered_map>

#include "added_tokens.hpp"
#include "bpe.hpp"
#include "nfc.hpp"
#include "shardlm/core/error.hpp"
#include "splitter.hpp"
#include "tokenizer_file.hpp"
#include "utf8.hpp"

namespace shardlm::text {
namespace {

constexpr std::size_t kMaxTextBytes = std::size_t(1) << 30;  // ICU counts in 32 bits; NFC may lengthen text
constexpr std::size_t kCachedWord = 64;                      // longer words seldom come twice

}  // namespace

struct Tokenizer::Impl {
  bool nfc;
  bool ignore_merges;
  Splitter splitter;
  Bpe bpe;
  AddedTokens raw, normalized;     // looked for before and after normalization
  std::vector<std::string> bytes;  // of each token
  std::vector<bool> special;
  std::unordered_map<std::string, Token> added;
  std::unordered_map<std::string, Token> words;  // the vocabulary, where a word that is in it needs no merges

  explicit Impl(TokenizerFile file);

  // The three steps of encoding, each on what the one before leaves: added tokens as written, normalization, added tokens
  // of normalized text, words.
  void encode_text(std::string_view text, bool want_special, std::vector<Token>& out) const;
  void encode_normalized(std::string_view text, bool want_special, std::vector<Token>& out) const;
  void encode_words(std::string_view text, std::vector<Token>& out) const;
  void encode_word(std::string_view word, Bpe::Scratch& scratch, std::vector<Token>& out) const;
};

Tokenizer::Impl::Impl(TokenizerFile file)
    : nfc(file.nfc),
      ignore_merges(file.ignore_merges),
      splitter(file.expression),
      bpe(file.merges, file.byte_tokens),
      bytes(std::move(file.bytes)),
      special(file.size) {
  if (ignore_merges)
    for (std::size_t token = 0; token < bytes.size(); ++token)
      if (!bytes[token].empty()) words.emplace(bytes[token], Token(token));
  for (const AddedToken& token : file.added) {
    std::string held;
    const std::string_view content = token.normalized && nfc ? to_nfc(token.content, held) : std::string_view(token.content);
    (token.normalized ? normalized : raw).add(content, token.token, token.special);
    added.emplace(token.content, token.token);
    special[token.token] = token.special;
  }
}

namespace {

// Calls on_text for the stretches between the tokens that `tokens` finds, and puts those out.
template <class OnText>
void between(const AddedTokens& tokens, std::string_view text, bool want_special, std::vector<Token>& out, const OnText& on_text) {
  std::size_t at = 0;
  for (AddedTokens::Match match; tokens.find(text, at, want_special, match); at = match.end) {
    if (match.start > at) on_text(text.substr(at, match.start - at));
    out.push_back(match.token);
  }
  if (at < text.size()) on_text(text.substr(at));
}

}  // namespace

void Tokenizer::Impl::encode_text(std::string_view text, bool want_special, std::vector<Token>& out) const {
  between(raw, text, want_special, out, [&](std::string_view stretch) {
    std::string held;
    encode_normalized(nfc ? to_nfc(stretch, held) : stretch, want_special, out);
  });
}

void Tokenizer::Impl::encode_normalized(std::string_view text, bool want_special, std::vector<Token>& out) const {
  between(normalized, text, want_special, out, [&](std::string_view stretch) { encode_words(stretch, out); });
}

void Tokenizer::Impl::encode_words(std::string_view text, std::vector<Token>& out) const {
  struct Place {
    std::size_t start, count;  // where `out` has the tokens of a word met before
  };
  std::unordered_map<std::string_view, Place> seen;
  Bpe::Scratch scratch;
  std::size_t at = 0;
  for (const std::size_t end : splitter.ends(text)) {
    const std::string_view word = text.substr(at, end - at);
    at = end;
    if (word.size() > kCachedWord) {
      encode_word(word, scratch, out);
      continue;
    }
    const auto [place, fresh] = seen.try_emplace(word, Place{out.size(), 0});
    if (fresh) {
      encode_word(word, scratch, out);
      place->second.count = out.size() - place->second.start;
    } else {
      const Place known = place->second;
      for (std::size_t i = 0; i < known.count; ++i) out.push_back(out[known.start + i]);
    }
  }
}

void Tokenizer::Impl::encode_word(std::string_view word, Bpe::Scratch& scratch, std::vector<Token>& out) const {
  if (ignore_merges) {
    const auto whole = words.find(std::string(word));
    if (whole != words.end()) return out.push_back(whole->second);
  }
  bpe.encode(word, scratch, out);
}

Tokenizer::Tokenizer(const std::string& json) : impl_(std::make_unique<Impl>(read_tokenizer_file(json))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;

std::vector<Token> Tokenizer::encode(std::string_view text, bool special) const {
  if (text.size() > kMaxTextBytes)
    throw Error("A text of " + std::to_string(text.size()) + " bytes is too long to be encoded at once; at most 1 GiB is.");
  std::vector<Token> out;
  if (utf8_valid_prefix(text) == text.size()) {
    impl_->encode_text(text, special, out);
  } else {
    impl_->encode_text(utf8_repaired(text), special, out);
  }
  return out;
}

std::string Tokenizer::decode(const std::vector<Token>& tokens, bool special) const {
  std::string out;
  for (const Token token : tokens) {
    if (token < 0 || std::size_t(token) >= size()) continue;
    if (!impl_->special[token] || special) out += impl_->bytes[token];
  }
  return out;
}

std::size_t Tokenizer::size() const { return impl_->bytes.size(); }

Token Tokenizer::token(std::string_view content) const {
  const auto found = impl_->added.find(std::string(content));
  return found == impl_->added.end() ? -1 : found->second;
}

}  // namespace shardlm::text
