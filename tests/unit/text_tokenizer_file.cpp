// Files that are not what they should be: one sentence, never a crash.
#include <functional>
#include <limits>
#include <random>

#include "text_vectors.hpp"

namespace shardlm::text {
namespace {

// A whole tokenizer in a few kilobytes: the stored one with its first ten merges and their tokens alone.
const Json& tiny_file() {
  static const Json tiny = [] {
    Json file = small_file();
    Json vocab = Json::object(), merges = Json::array();
    for (const auto& [content, number] : file["model"]["vocab"].items())
      if (number < 256) vocab[content] = number;
    for (std::size_t i = 0; i < 10; ++i) {
      const Json& merge = file["model"]["merges"][i];
      const std::string joined = merge[0].get<std::string>() + merge[1].get<std::string>();
      vocab[joined] = file["model"]["vocab"][joined];
      merges.push_back(merge);
    }
    file["model"]["vocab"] = vocab;
    file["model"]["merges"] = merges;
    return file;
  }();
  return tiny;
}

std::string refusal(const std::function<void(Json&)>& change) {
  Json file = tiny_file();
  change(file);
  return error_of([&] { Tokenizer tokenizer(file.dump()); });
}

Json& split(Json& file) { return file["pre_tokenizer"]["pretokenizers"][0]; }
Json& byte_level(Json& file) { return file["pre_tokenizer"]["pretokenizers"][1]; }

TEST(TokenizerFile, is_read_when_it_is_whole) { EXPECT_EQ(Tokenizer(tiny_file().dump()).size(), 3009u); }

TEST(TokenizerFile, must_be_json_with_a_model) {
  expect_sentence(error_of([] { Tokenizer tokenizer(""); }), "not JSON");
  expect_sentence(error_of([] { Tokenizer tokenizer("{\"model\": "); }), "not JSON");
  expect_sentence(error_of([] { Tokenizer tokenizer("[]"); }), "the whole must be an object");
  expect_sentence(error_of([] { Tokenizer tokenizer(std::string(1000000, '[')); }), "not JSON");
  expect_sentence(error_of([] { Tokenizer tokenizer("{\"model\": \"\xFF\"}"); }), "not JSON");
  expect_sentence(error_of([] { Tokenizer tokenizer(std::string((64 << 20) + 1, ' ')); }), "at most 67108864");
}

TEST(TokenizerFile, must_be_of_the_kind_that_is_read) {
  expect_sentence(refusal([](Json& f) { f["model"]["type"] = "Unigram"; }), "model.type must be \"BPE\", not \"Unigram\"");
  expect_sentence(refusal([](Json& f) { f["model"]["dropout"] = 0.1; }), "model.dropout");
  expect_sentence(refusal([](Json& f) { f["model"]["byte_fallback"] = true; }), "model.byte_fallback");
  expect_sentence(refusal([](Json& f) { f["model"]["end_of_word_suffix"] = "</w>"; }), "model.end_of_word_suffix");
  expect_sentence(refusal([](Json& f) { f["model"]["continuing_subword_prefix"] = "##"; }), "model.continuing_subword_prefix");
  expect_sentence(refusal([](Json& f) { f["normalizer"]["type"] = "NFKC"; }), "normalizer.type");
  expect_sentence(refusal([](Json& f) { f["decoder"]["type"] = "WordPiece"; }), "decoder.type");
  expect_sentence(refusal([](Json& f) { f["post_processor"]["type"] = "TemplateProcessing"; }), "post_processor.type");
  expect_sentence(refusal([](Json& f) { f["pre_tokenizer"]["type"] = "Whitespace"; }), "pre_tokenizer.type");
  expect_sentence(refusal([](Json& f) { f["pre_tokenizer"]["pretokenizers"].erase(0); }), "pre_tokenizer.pretokenizers");
  expect_sentence(refusal([](Json& f) { split(f)["behavior"] = "Removed"; }), "pretokenizers[0].behavior");
  expect_sentence(refusal([](Json& f) { split(f)["invert"] = true; }), "pretokenizers[0].invert");
  expect_sentence(refusal([](Json& f) { split(f)["pattern"] = {{"String", " "}}; }), "pretokenizers[0].pattern.Regex");
  expect_sentence(refusal([](Json& f) { byte_level(f)["add_prefix_space"] = true; }), "pretokenizers[1].add_prefix_space");
  expect_sentence(refusal([](Json& f) { byte_level(f).erase("use_regex"); }), "pretokenizers[1].use_regex");
}

TEST(TokenizerFile, must_have_a_sound_vocabulary) {
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"]["a"] = "64"; }), "\"a\"");
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"]["a"] = -1; }), "\"a\"");
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"]["a"] = 1.5; }), "\"a\"");
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"]["a"] = 1 << 20; }), "from 0 to 1048575");
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"]["a"] = std::numeric_limits<std::uint64_t>::max(); }), "\"a\"");
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"]["a"] = f["model"]["vocab"]["b"]; }), "another token's too");
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"].erase("a"); }), "lacks \"a\" for byte 97");
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"][""] = 2999; }), "empty token");
  expect_sentence(refusal([](Json& f) { f["model"]["vocab"] = Json::array(); }), "model.vocab must be an object");
}

TEST(TokenizerFile, must_have_merges_of_tokens_that_there_are) {
  expect_sentence(refusal([](Json& f) { f["model"]["merges"][3] = {"a", "\xE4\xBA\xBA"}; }), "model.merges[3]");
  expect_sentence(refusal([](Json& f) { f["model"]["merges"][3] = {"\x7F", "a"}; }), "model.merges[3]");
  expect_sentence(refusal([](Json& f) { f["model"]["merges"][3] = {"z", "z"}; }), "\"zz\"");
  expect_sentence(refusal([](Json& f) { f["model"]["merges"][3] = "a b c"; }), "model.merges[3]");
  expect_sentence(refusal([](Json& f) { f["model"]["merges"][3] = "ab"; }), "model.merges[3]");
  expect_sentence(refusal([](Json& f) { f["model"]["merges"][3] = {"a"}; }), "model.merges[3]");
  expect_sentence(refusal([](Json& f) { f["model"]["merges"][3] = {"a", 1}; }), "model.merges[3][1]");
  expect_sentence(refusal([](Json& f) { f["model"]["merges"] = Json::object(); }), "model.merges must be an array");
  expect_sentence(refusal([](Json& f) { f["model"]["merges"] = std::vector<int>((1 << 21) + 1); }), "at most 2097152");
}

TEST(TokenizerFile, must_have_added_tokens_as_qwen_has_them) {
  for (const char* key : {"single_word", "lstrip", "rstrip"})
    expect_sentence(refusal([&](Json& f) { f["added_tokens"][2][key] = true; }), std::string("added_tokens[2].") + key);
  expect_sentence(refusal([](Json& f) { f["added_tokens"][2].erase("special"); }), "added_tokens[2].special");
  expect_sentence(refusal([](Json& f) { f["added_tokens"][2]["content"] = ""; }), "added_tokens[2].content");
  expect_sentence(refusal([](Json& f) { f["added_tokens"][2]["content"] = "<|im_start|>"; }), "twice");
  expect_sentence(refusal([](Json& f) { f["added_tokens"][2]["id"] = 3001; }), "another token's too");
  expect_sentence(refusal([](Json& f) { f["added_tokens"][2]["id"] = 5; }), "another token's too");
  expect_sentence(refusal([](Json& f) { f["added_tokens"][2]["id"] = -3; }), "added_tokens[2].id");
  expect_sentence(refusal([](Json& f) { f["added_tokens"][2]["content"] = "a"; }), "one number in added_tokens and another in model.vocab");
  expect_sentence(refusal([](Json& f) { f["added_tokens"][2]["content"] = std::string(2000000, 'x'); }), "bytes of added tokens");
}

TEST(TokenizerFile, must_have_an_expression_that_means_the_same_everywhere) {
  const auto with = [](const std::string& expression) { return refusal([&](Json& f) { split(f)["pattern"]["Regex"] = expression; }); };
  for (const char* foreign : {"^a",      "a$",     ".",       "\\h",     "\\d+",       "\\w",  "[[:alpha:]]", "[a&&b]",    "(?<x>a)",
                              "(?<=a)b", "(?m:a)", "(*UTF)a", "a{1,2}+", "a{,3}",      "a**",  "a+?+",        "\\p{Han}",  "\\pL",
                              "\\x41",   "\\C",    "\\K",     "\\1",     "a{1000000}", "[]a]", "\\",          "\\\xC3\xA9"})
    expect_sentence(with(foreign), "which is not read here");
  for (const char* malformed : {"(a", "a)", "+a", "(?:a|b", "[b-a]"}) expect_sentence(with(malformed), "does not compile");
  expect_sentence(with("[a"), "without \"]\"");
  expect_sentence(with(""), "between 1 and 4096");
  expect_sentence(with(std::string(5000, 'a')), "between 1 and 4096");
  expect_sentence(with("((((((((((a{999}){999}){999}){999}){999}){999}){999}){999}){999}){999})"), "does not compile");
}

TEST(TokenizerFile, may_have_an_expression_of_the_read_language) {
  Json file = tiny_file();
  split(file)["pattern"]["Regex"] = "(a|b)+?[^\\s\\-a-c]{2,3}|\\p{Lu}\\P{N}*+|(?=x)x|\\S\\.";
  EXPECT_EQ(Tokenizer(file.dump()).decode(Tokenizer(file.dump()).encode("abxyz Q.x! \t7")), "abxyz Q.x! \t7");
}

// An expression that backtracks without end, or matches nothing, is an error of the text's encoding.
TEST(TokenizerFile, with_a_bad_expression_fails_cleanly_when_used) {
  Json file = tiny_file();
  split(file)["pattern"]["Regex"] = "(a|a|aa)+[!?]";
  const Tokenizer endless(file.dump());
  expect_sentence(error_of([&] { endless.encode(std::string(60, 'a')); }), "split expression fails");
  split(file)["pattern"]["Regex"] = "b*";
  const Tokenizer empty(file.dump());
  EXPECT_EQ(empty.decode(empty.encode("bbb")), "bbb");
  expect_sentence(error_of([&] { empty.encode("abc"); }), "matches nothing");
}

// Neither many places nor many matches that each cost less than is allowed add up to minutes.
TEST(TokenizerFile, with_an_expression_that_is_slow_everywhere_fails_cleanly_when_used) {
  Json file = tiny_file();
  for (const char* slow : {"(?:a|a){25}!|b", "(?:(?:a|a){22}!|a)", "(?=(?:a|aa)+!)a|(?!(?:a|aa)+b)a"}) {
    split(file)["pattern"]["Regex"] = slow;
    const Tokenizer tokenizer(file.dump());
    expect_sentence(error_of([&] { tokenizer.encode(std::string(5000, 'a')); }), "split expression fails");
  }
}

// One word of many characters is no such expression's fault.
TEST(TokenizerFile, with_the_expression_of_qwen_splits_the_longest_runs) {
  const Tokenizer tokenizer(tiny_file().dump());
  for (const char c : {'a', ' ', '\n', '!', '1'})
    for (const char* behind : {"", "x", " ", "!"}) {
      const std::string text = std::string(300000, c) + behind;
      EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
    }
}

// Reads the file if it can be read, and then uses it.
void try_file(const std::string& json) {
  try {
    const Tokenizer tokenizer(json);
    for (const Token token : tokenizer.encode("The caf\xC3\xA9 <|im_end|>, it's 12!\n\n  x", true)) {
      ASSERT_GE(token, 0);
      ASSERT_LT(std::size_t(token), tokenizer.size());
    }
    tokenizer.decode({0, 255, Token(tokenizer.size()) - 1}, true);
  } catch (const Error& e) {
    ASSERT_EQ(std::string(e.what()).back(), '.') << e.what();
  }
}

TEST(TokenizerFile, with_any_value_of_any_type_anywhere_does_no_harm) {
  Json file = tiny_file();
  const std::vector<Json> strange = {
      nullptr,          true, -1, 1e300, 9007199254740993, "", "\xE2\x82\xAC", std::string(300, 'x'), Json::array(), Json::object(), {1, 2},
      {{"type", "NFC"}}};
  const Json flat = file.flatten();
  std::size_t tried = 0;
  for (const auto& [place, value] : flat.items())
    for (Json::json_pointer at(place); !at.empty() && tried < 20000; at = at.parent_pointer())
      for (const Json& other : strange) {
        Json& here = file[at];
        Json kept = here;
        here = other;
        if (place.find("/vocab/") == std::string::npos || tried++ % 16 == 0)
          try_file(file.dump());  // the vocabulary's entries are all alike
        file[at] = kept;
      }
}

TEST(TokenizerFile, with_broken_bytes_does_no_harm) {
  std::minstd_rand random(7);  // which bytes are broken, no secret
  const std::string whole = tiny_file().dump();
  for (int i = 0; i < 1500; ++i) {
    std::string text = whole;
    for (int k = 0; k < 1 + i % 3; ++k) text[random() % text.size()] = char(random());
    if (i % 5 == 0) text.resize(random() % text.size());
    if (i % 7 == 0) text.erase(random() % text.size(), random() % 40);
    try_file(text);
  }
}

}  // namespace
}  // namespace shardlm::text
