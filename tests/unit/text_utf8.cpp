// Showing an answer token by token: no half characters, nothing lost.
#include "text_vectors.hpp"

namespace shardlm::text {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(Utf8Stream, shows_a_character_once_its_last_byte_is_there) {
  Utf8Stream stream;
  EXPECT_EQ(stream.push("a\xF0\x9F"), "a");
  EXPECT_EQ(stream.push("\x98"), "");
  EXPECT_EQ(stream.push("\x80z"), "\xF0\x9F\x98\x80z");
  EXPECT_EQ(stream.flush(), "");
}

TEST(Utf8Stream, gives_the_same_however_the_bytes_are_cut) {
  const std::string text = "caf\xC3\xA9 \xE4\xBA\xBA \xF0\x9F\x98\x80 \xFF \xE2\x82 x \xED\xA0\x80 \xC0\xAF \xF4\x90\x80\x80 \xE4\xBA";
  Utf8Stream whole;
  std::string expected = whole.push(text);
  expected += whole.flush();
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      Utf8Stream stream;
      std::string got = stream.push(text.substr(0, first));
      got += stream.push(text.substr(first, second - first));
      got += stream.push(text.substr(second));
      got += stream.flush();
      EXPECT_EQ(got, expected) << first << " " << second;
    }
}

// The Unicode Standard 15, table 3-8 and its neighbours: the longest start of a character that cannot go on is replaced once.
TEST(Utf8Stream, replaces_broken_bytes_as_unicode_recommends) {
  const auto shown = [](const std::string& bytes) {
    Utf8Stream stream;
    std::string out = stream.push(bytes);
    return out += stream.flush();
  };
  const auto times = [](int n) {
    std::string out;
    while (n-- > 0) out += kReplacement;
    return out;
  };
  EXPECT_EQ(shown("\xF1\x80\x80\xE1\x80\xC2\x61"), times(3) + "a");
  EXPECT_EQ(shown("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), times(8) + "A");
  EXPECT_EQ(shown("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), times(8) + "A");
  EXPECT_EQ(shown("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), times(5) + "A" + times(2) + "B");
  EXPECT_EQ(shown("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), times(4) + "A");
}

TEST(Utf8Stream, replaces_a_character_that_never_ends_and_starts_anew) {
  Utf8Stream stream;
  EXPECT_EQ(stream.push("\xE4\xBA"), "");
  EXPECT_EQ(stream.flush(), kReplacement);
  EXPECT_EQ(stream.push("b"), "b");
}

}  // namespace
}  // namespace shardlm::text
