// The tokenizer that models with random weights come with.
#include <gtest/gtest.h>

#include "shardlm/io/random_model.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::text {
namespace {

TEST(ByteTokenizer, EveryByteIsItsOwnToken) {
  const Tokenizer tokenizer(io::byte_tokenizer_json());
  for (Token byte = 0; byte < 256; ++byte) EXPECT_EQ(tokenizer.decode({byte}), std::string(1, static_cast<char>(byte)));
  const std::string text = "Twenty characters.\n\t\xc3\xa9\xe4\xb8\x96";
  std::vector<Token> bytes;
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  EXPECT_EQ(tokenizer.encode(text), bytes);
}

TEST(ByteTokenizer, ControlTokensFollowTheBytes) {
  const Tokenizer tokenizer(io::byte_tokenizer_json());
  EXPECT_EQ(tokenizer.token("<|endoftext|>"), 256);
  EXPECT_EQ(tokenizer.token("<|im_start|>"), 257);
  EXPECT_EQ(tokenizer.token("<|im_end|>"), 258);
  EXPECT_EQ(tokenizer.size(), 259u);
  EXPECT_EQ(chat_prompt(tokenizer, {{"user", "x"}}, "").front(), 257);
}

}  // namespace
}  // namespace shardlm::text
