#include "tokenizer_file.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "byte_alphabet.hpp"
#include "json_field.hpp"
#include "shardlm/core/json_text.hpp"

namespace shardlm::text {
namespace {

using nlohmann::json;
using Vocabulary = std::unordered_map<std::string, Token>;

std::string in_quotes(const std::string& text) {
  return json(text.size() <= 60 ? text : text.substr(0, 57) + "...").dump(-1, ' ', true, json::error_handler_t::replace);
}

[[noreturn]] void too_many(std::size_t n, const char* what, std::size_t limit) {
  throw Error("tokenizer.json: there are " + std::to_string(n) + " " + what + "; at most " + std::to_string(limit) + " are read.");
}

json parsed(const std::string& text) {
  if (text.size() > kMaxFileBytes) too_many(text.size(), "bytes", kMaxFileBytes);
  if (!json_is_shallow(text.data(), text.data() + text.size()))
    throw Error("tokenizer.json: the file is not JSON of a sensible depth; it is nested more than " + std::to_string(kMaxJsonNesting) +
                " deep.");
  try {
    return json::parse(text);
  } catch (const json::exception& e) {
    const auto* at = dynamic_cast<const json::parse_error*>(&e);
    throw Error("tokenizer.json: the file is not JSON" + (at ? ", at byte " + std::to_string(at->byte) : std::string()) + ".");
  }
}

void read_normalizer(const Field& normalizer, TokenizerFile& file) {
  if (normalizer.is_null()) return;
  normalizer["type"].must_be("NFC", "\"NFC\"");
  file.nfc = true;
}

// Sequence[Split(Regex, Isolated), ByteLevel] alone.
void read_pre_tokenizer(const Field& pre, TokenizerFile& file) {
  pre["type"].must_be("Sequence", "\"Sequence\"");
  const Field steps = pre["pretokenizers"];
  if (steps.array().size() != 2) steps.wrong("a Split and a ByteLevel step");
  const Field split = steps.at(0), bytes = steps.at(1);
  split["type"].must_be("Split", "\"Split\"");
  split["behavior"].must_be("Isolated", "\"Isolated\"");
  split["invert"].must_be(false, "false");
  file.expression = split["pattern"]["Regex"].text();
  bytes["type"].must_be("ByteLevel", "\"ByteLevel\"");
  bytes["add_prefix_space"].must_be(false, "false");
  bytes["use_regex"].must_be(false, "false");
}

// Steps that change nothing about token numbers are let through, others refused.
void check_surroundings(const Field& root) {
  root["decoder"]["type"].must_be("ByteLevel", "\"ByteLevel\"");
  const Field post = root["post_processor"];
  if (!post.is_null()) post["type"].must_be("ByteLevel", "\"ByteLevel\"");
}

void check_model(const Field& model) {
  model["type"].must_be("BPE", "\"BPE\"");
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model[affix].is_null()) model[affix].must_be("", "null or \"\"");
  if (!model["dropout"].is_null()) model["dropout"].must_be(0.0, "null");
  if (!model["byte_fallback"].is_null()) model["byte_fallback"].must_be(false, "false");
}

// Gives number `token` its bytes.
void assign(TokenizerFile& file, Token token, std::string bytes, std::vector<bool>& used, const std::string& content) {
  if (used[token])
    throw Error("tokenizer.json: the number " + std::to_string(token) + " of " + in_quotes(content) + " is another token's too.");
  used[token] = true;
  if (token >= file.size) {
    file.size = token + 1;
    file.bytes.resize(file.size);
  }
  file.bytes[token] = std::move(bytes);
}

Vocabulary read_vocabulary(const Field& vocab, TokenizerFile& file, std::vector<bool>& used) {
  Vocabulary vocabulary;
  if (vocab.object().size() > std::size_t(kMaxTokens)) too_many(vocab.object().size(), "tokens in model.vocab", kMaxTokens);
  vocabulary.reserve(vocab.object().size());
  for (const auto& [content, number] : vocab.object().items()) {
    if (content.empty()) throw Error("tokenizer.json: model.vocab has an empty token.");
    if (!number.is_number_unsigned() || number.get<std::uint64_t>() >= std::uint64_t(kMaxTokens))
      throw Error("tokenizer.json: the number of " + in_quotes(content) + " in model.vocab must be an integer from 0 to " +
                  std::to_string(kMaxTokens - 1) + ".");
    const Token token = number.get<Token>();
    assign(file, token, bytes_of_letters(content), used, content);
    vocabulary.emplace(content, token);
  }
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = vocabulary.find(letter_of_byte(std::uint8_t(byte)));
    if (found == vocabulary.end())
      throw Error("tokenizer.json: model.vocab lacks " + in_quotes(letter_of_byte(std::uint8_t(byte))) + " for byte " +
                  std::to_string(byte) + ", so it is not a byte-level vocabulary.");
    file.byte_tokens[byte] = found->second;
  }
  return vocabulary;
}

// The two halves of a merge, written "a b" or ["a", "b"].
std::pair<std::string, std::string> halves(const Field& merge) {
  const json& value = merge.value();
  if (value.is_string()) {
    const std::string& text = merge.text();
    const std::size_t space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) merge.wrong("two tokens with a space between");
    return {text.substr(0, space), text.substr(space + 1)};
  }
  if (!value.is_array() || value.size() != 2) merge.wrong("two tokens");
  return {merge.at(0).text(), merge.at(1).text()};
}

Token known(const Vocabulary& vocabulary, const std::string& content, std::size_t merge) {
  const auto found = vocabulary.find(content);
  if (found == vocabulary.end())
    throw Error("tokenizer.json: model.merges[" + std::to_string(merge) + "] needs " + in_quotes(content) + ", which model.vocab lacks.");
  return found->second;
}

void read_merges(const Field& merges, const Vocabulary& vocabulary, TokenizerFile& file) {
  const std::size_t n = merges.array().size();
  if (n > kMaxMerges) too_many(n, "merges", kMaxMerges);
  file.merges.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    const Field merge = merges.at(i);
    if (merge.value().is_string() && merge.text().rfind("#version", 0) == 0) continue;  // the first line of a merges.txt
    const auto [left, right] = halves(merge);
    file.merges.push_back({known(vocabulary, left, i), known(vocabulary, right, i), known(vocabulary, left + right, i)});
  }
}

AddedToken read_added_token(const Field& field) {
  AddedToken added;
  added.content = field["content"].text();
  added.token = field["id"].number_below(kMaxTokens);
  added.special = field["special"].boolean();
  added.normalized = field["normalized"].boolean();
  if (added.content.empty()) field["content"].wrong("some text");
  for (const char* key : {"single_word", "lstrip", "rstrip"}) field[key].must_be(false, "false, as other added tokens are not read");
  return added;
}

void read_added_tokens(const Field& list, const Vocabulary& vocabulary, TokenizerFile& file, std::vector<bool>& used) {
  if (list.is_null()) return;
  std::unordered_set<std::string> contents;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < list.array().size(); ++i) {
    AddedToken added = read_added_token(list.at(i));
    if (!contents.insert(added.content).second) throw Error("tokenizer.json: " + in_quotes(added.content) + " is in added_tokens twice.");
    if ((bytes += added.content.size()) > kMaxAddedBytes) too_many(bytes, "bytes of added tokens", kMaxAddedBytes);
    const auto in_vocabulary = vocabulary.find(added.content);
    if (in_vocabulary == vocabulary.end()) {
      assign(file, added.token, added.content, used, added.content);
    } else if (in_vocabulary->second != added.token) {
      throw Error("tokenizer.json: " + in_quotes(added.content) + " has one number in added_tokens and another in model.vocab.");
    }
    file.added.push_back(std::move(added));
  }
}

}  // namespace

TokenizerFile read_tokenizer_file(const std::string& text) {
  const json document = parsed(text);
  const Field root(document, "");
  const Field model = root["model"];
  TokenizerFile file;
  std::vector<bool> used(kMaxTokens);
  read_normalizer(root["normalizer"], file);
  read_pre_tokenizer(root["pre_tokenizer"], file);
  check_surroundings(root);
  check_model(model);
  if (!model["ignore_merges"].is_null()) file.ignore_merges = model["ignore_merges"].boolean();
  const Vocabulary vocabulary = read_vocabulary(model["vocab"], file, used);
  read_merges(model["merges"], vocabulary, file);
  read_added_tokens(root["added_tokens"], vocabulary, file, used);
  return file;
}

}  // namespace shardlm::text
