// The stream that is server 0's share of secret weights: which ChaCha blocks it is made of, whoever asks for which part of it.
#include "shardlm/crypto/weight_stream.hpp"

#include <gtest/gtest.h>

#include <set>

#include "shardlm/core/tensor.hpp"

namespace shardlm::crypto {
namespace {

const Key kKey = weight_key({1, 2, 3, 4}, {5, 6, 7, 8});

Word expected(std::uint32_t matrix, std::size_t row, std::size_t column) {
  const auto block = chacha_block(kKey, std::uint32_t(column), {kWeightUse, std::uint32_t(row / 8), matrix}, SHARDLM_CHACHA_ROUNDS);
  return block[row % 8 * 2] | Word{block[row % 8 * 2 + 1]} << 32;
}

std::vector<Word> whole(std::uint32_t matrix, std::size_t panels, std::size_t columns, std::size_t first = 0) {
  const Array<Word> out = uninitialized<Word>("panels", panels * columns * 8);
  WeightStream(kKey, matrix, columns).panels(first, panels, out);
  return to_host(Tensor({out.size()}, out));
}

TEST(WeightStream, AColumnOfAPanelIsOneBlock) {
  for (std::size_t columns : {1, 16, 37}) {
    const std::vector<Word> words = whole(9, 3, columns);
    for (std::size_t row = 0; row < 24; ++row)
      for (std::size_t c = 0; c < columns; ++c) ASSERT_EQ(words[word_index(row, c, columns)], expected(9, row, c)) << row << " " << c;
  }
}

TEST(WeightStream, PartsAreThoseOfTheWhole) {
  constexpr std::size_t kColumns = 300;
  const WeightStream stream(kKey, 2, kColumns);
  for (std::size_t panel : {0, 5})
    for (std::size_t first : {0, 256}) {
      const std::size_t some = std::min<std::size_t>(256, kColumns - first);
      std::vector<Word> room(some * 8 + 1, 77);
      const Word* words = stream.columns(panel, first, some, room.data());
      for (std::size_t c = 0; c < some; ++c)
        for (std::size_t r = 0; r < 8; ++r) ASSERT_EQ(words[c * 8 + r], expected(2, panel * 8 + r, first + c));
      EXPECT_EQ(room.back(), 77u) << "it wrote beyond its room";
    }
  const std::vector<Word> later = whole(2, 1, kColumns, 5);
  EXPECT_EQ(later[0], expected(2, 40, 0));
}

TEST(WeightStream, MatricesPanelsSeedsAndSetsShareNothing) {
  std::set<Word> seen;
  std::size_t words = 0;
  const auto note = [&](const Key& key, std::uint32_t matrix) {
    const Array<Word> out = uninitialized<Word>("panels", 2 * 20 * 8);
    WeightStream(key, matrix, 20).panels(0, 2, out);
    for (Word w : to_host(Tensor({out.size()}, out))) seen.insert(w), ++words;
  };
  note(kKey, 0);
  note(kKey, 1);
  note(weight_key({1, 2, 3, 5}, {5, 6, 7, 8}), 0);
  note(weight_key({1, 2, 3, 4}, {5, 6, 7, 9}), 0);
  EXPECT_EQ(seen.size(), words);  // 1280 words of 64 bits: a collision by chance in one of 2^44 runs
}

}  // namespace
}  // namespace shardlm::crypto
