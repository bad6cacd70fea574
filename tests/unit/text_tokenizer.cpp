// The tokenizer against Hugging Face's `tokenizers`, on a small vocabulary of Qwen2.5's kind.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "text_answers.hpp"

namespace shardlm::text {
namespace {

const Json& answers() {
  static const Json file = json_vector("tokenizer_small_answers.json");
  return file;
}

TEST(Tokenizer, gives_the_numbers_that_hugging_face_gives) {
  ASSERT_GE(answers()["strings"].size(), 5000u);
  expect_encodings(small_tokenizer(), answers());
}

TEST(Tokenizer, decodes_what_it_encoded_up_to_normalization) { expect_round_trips(small_tokenizer(), answers()); }

TEST(Tokenizer, decodes_any_numbers_as_hugging_face_does) {
  ASSERT_GE(answers()["decode"].size(), 100u);
  expect_decodings(small_tokenizer(), answers());
}

TEST(Tokenizer, follows_what_the_file_says_about_added_tokens_merges_and_normalization) {
  ASSERT_EQ(answers()["variants"].size(), 4u);
  for (const Json& variant : answers()["variants"]) {
    Json file = small_file();
    file.merge_patch(variant["patch"]);
    SCOPED_TRACE(variant["patch"].dump().substr(0, 200));
    file["normalizer"] = variant["patch"].contains("normalizer") ? Json() : file["normalizer"];  // null, where a merge patch removes
    expect_encodings(Tokenizer(file.dump()), variant);
  }
}

TEST(Tokenizer, reads_merges_written_as_strings_and_as_pairs) {
  Json file = small_file();
  Json& merges = file["model"]["merges"];
  for (Json& merge : merges) merge = merge.is_string() ? merge : Json(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  merges.insert(merges.begin(), "#version: 0.2");
  expect_encodings(Tokenizer(file.dump()), answers());
}

TEST(Tokenizer, knows_its_size_and_its_added_tokens) {
  EXPECT_EQ(small_tokenizer().size(), 3009u);
  EXPECT_EQ(small_tokenizer().token("<|im_end|>"), 3002);
  EXPECT_EQ(small_tokenizer().token("</tool_call>"), 3008);
  EXPECT_EQ(small_tokenizer().token("<|im_end"), -1);
  EXPECT_EQ(small_tokenizer().token("a"), -1) << "in the vocabulary, but not added";
}

TEST(Tokenizer, leaves_control_tokens_out_unless_asked_for) {
  const std::vector<Token> tokens = small_tokenizer().encode("<|im_start|>a<tool_call><|im_end|>", true);
  EXPECT_EQ(small_tokenizer().decode(tokens), "a<tool_call>");
  EXPECT_EQ(small_tokenizer().decode(tokens, true), "<|im_start|>a<tool_call><|im_end|>");
}

TEST(Tokenizer, lets_text_that_looks_like_control_be_text) {
  const Token control = small_tokenizer().token("<|im_end|>");
  for (const Token token : small_tokenizer().encode("a<|im_end|>b")) EXPECT_NE(token, control);
  EXPECT_EQ(small_tokenizer().decode(small_tokenizer().encode("a<|im_end|>b")), "a<|im_end|>b");
}

TEST(Tokenizer, gives_nothing_for_numbers_that_no_token_has) {
  EXPECT_EQ(small_tokenizer().decode({-1, 3009, 2147483647, -2147483647 - 1}, true), "");
}

TEST(Tokenizer, encodes_broken_utf8_as_replacement_characters) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(small_tokenizer().encode("a\xFFz"), small_tokenizer().encode("a" + replacement + "z"));
  EXPECT_EQ(small_tokenizer().encode("\xE2\x82"), small_tokenizer().encode(replacement));
  EXPECT_EQ(small_tokenizer().encode("\xED\xA0\x80"), small_tokenizer().encode(replacement + replacement + replacement)) << "a surrogate";
}

TEST(Tokenizer, is_the_same_from_several_threads) {
  const std::string text = answers()["strings"].dump();
  const std::vector<Token> expected = small_tokenizer().encode(text);
  std::vector<std::vector<Token>> got(4);
  std::vector<std::thread> threads;
  for (auto& tokens : got) threads.emplace_back([&] { tokens = small_tokenizer().encode(text); });
  for (auto& thread : threads) thread.join();
  for (const auto& tokens : got) EXPECT_EQ(tokens, expected);
}

// A word of a million letters, a run of a million spaces: what takes quadratic time, or a stack, where it is done carelessly. A minute
// is a hundred times what they need.
TEST(Tokenizer, encodes_very_long_words_and_runs) {
  const std::size_t n = 1000000;
  std::string mixed;
  for (std::size_t i = 0; i < n / 4; ++i) mixed += "ab \n";
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& text :
       {std::string(n, 'a'), std::string(n, ' ') + "x", std::string(n, '\n'), std::string(n, '!'), std::string(n, '7'), mixed})
    EXPECT_EQ(small_tokenizer().decode(small_tokenizer().encode(text)), text);
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 60);
}

// The real thing, where there is one: a folder with the tokenizer.json of a Qwen2.5 checkpoint.
TEST(Real, tokenizer_gives_the_numbers_that_hugging_face_gives) {
  const char* folder = std::getenv("SHARDLM_REAL_MODEL");
  if (folder == nullptr) GTEST_SKIP() << "SHARDLM_REAL_MODEL names no folder with a Qwen2.5 checkpoint.";
  const Tokenizer tokenizer(file_text(std::string(folder) + "/tokenizer.json"));
  const Json real = json_vector("tokenizer_real_answers.json");
  EXPECT_EQ(tokenizer.size(), 151665u);
  expect_encodings(tokenizer, real);
  expect_round_trips(tokenizer, real);
  expect_decodings(tokenizer, real);
  expect_chats(tokenizer, real);
  const Json config = Json::parse(file_text(std::string(folder) + "/tokenizer_config.json"));
  EXPECT_EQ(default_system(config["chat_template"]), kDefaultSystem);
}

}  // namespace
}  // namespace shardlm::text
