// Stop texts: what of an answer is shown, whatever pieces it comes in.
#include <gtest/gtest.h>

#include "gateway/stop_texts.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

using Texts = std::vector<std::string>;

// All that is shown of an answer in these pieces.
std::string shown(const Texts& stop, const Texts& pieces) {
  StopTexts texts(stop);
  std::string out;
  for (const std::string& piece : pieces) out += texts.push(piece);
  return out + texts.flush();
}

Texts characters(const std::string& ascii) {
  Texts out;
  for (const char c : ascii) out.emplace_back(1, c);
  return out;
}

TEST(StopTexts, let_everything_through_where_there_is_none) { EXPECT_EQ(shown({}, {"Hello", ", ", "world"}), "Hello, world"); }

TEST(StopTexts, cut_before_the_text) { EXPECT_EQ(shown({"END"}, {"one END two"}), "one "); }

TEST(StopTexts, cut_a_text_that_straddles_pieces) {
  EXPECT_EQ(shown({"END"}, {"one E", "N", "D two"}), "one ");
  EXPECT_EQ(shown({"END"}, characters("one END two")), "one ");
}

TEST(StopTexts, cut_at_the_first_of_several) { EXPECT_EQ(shown({"five", "three", "four"}, {"one two three four five"}), "one two "); }

TEST(StopTexts, show_the_same_whatever_the_pieces_where_texts_overlap) {
  const Texts stop{"bc", "abcd"};
  EXPECT_EQ(shown(stop, {"xabcd"}), "xa") << "bc is complete first";
  EXPECT_EQ(shown(stop, characters("xabcd")), "xa");
}

TEST(StopTexts, cut_before_the_longer_of_two_that_end_together) {
  EXPECT_EQ(shown({"c", "abc"}, {"xabc"}), "x");
  EXPECT_EQ(shown({"c", "abc"}, characters("xabc")), "x");
}

TEST(StopTexts, hold_back_only_what_may_still_become_one) {
  StopTexts texts({"\n\nUser:", "###"});
  EXPECT_EQ(texts.push("a line\n"), "a line");
  EXPECT_EQ(texts.push("#"), "\n");
  EXPECT_EQ(texts.push("1"), "#1");
  EXPECT_EQ(texts.push("\n\nUse"), "");
  EXPECT_EQ(texts.push("s it"), "\n\nUses it");
  EXPECT_FALSE(texts.found());
}

TEST(StopTexts, find_one_that_begins_within_a_failed_one) {
  EXPECT_EQ(shown({"aab"}, characters("aaab")), "a");
  EXPECT_EQ(shown({"abac"}, characters("ababac!")), "ab");
}

TEST(StopTexts, give_back_at_the_end_what_was_held) { EXPECT_EQ(shown({"END"}, {"one EN"}), "one EN"); }

TEST(StopTexts, show_nothing_after_one) {
  StopTexts texts({"."});
  EXPECT_EQ(texts.push("One. Two"), "One");
  EXPECT_TRUE(texts.found());
  EXPECT_EQ(texts.push("Three"), "");
  EXPECT_EQ(texts.flush(), "");
}

TEST(StopTexts, never_part_a_character) {
  // U+00E9 and U+00E8 share their first byte.
  StopTexts texts({"\u00e9t\u00e9"});
  EXPECT_EQ(texts.push("l'\u00e8"), "l'\u00e8");
  EXPECT_EQ(texts.push(" \u00e9"), " ");
  EXPECT_EQ(texts.push("t"), "");
  EXPECT_EQ(texts.push("\u00e9"), "");
  EXPECT_TRUE(texts.found());
}

TEST(StopTexts, refuse_an_empty_text_and_one_that_is_not_utf8) {
  EXPECT_THROW(StopTexts({""}), Error);
  EXPECT_THROW(StopTexts({"ok", "\xa9"}), Error);
  EXPECT_THROW(StopTexts({"\xc3"}), Error) << "half a character";
}

}  // namespace
}  // namespace shardlm::app
