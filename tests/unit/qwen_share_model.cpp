// Share sets as the program makes them: uniform, and two of one model have nothing in common.
#include "shardlm/qwen/share_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "io_files.hpp"
#include "shardlm/core/word_panels.hpp"
#include "shardlm/crypto/weight_stream.hpp"
#include "shardlm/io/share_set.hpp"

namespace shardlm::qwen {
namespace {

class Shares : public testing::Test {
 protected:
  Shares() {
    io::convert(std::string(SHARDLM_VECTORS) + "/../../inputs/demo", folder / "model.h5", {});
    for (const char* set : {"one", "two"}) share_model(folder / "model.h5", folder / set, {});
  }
  // The words of all matrices.
  std::vector<Word> words(const std::string& set) const {
    const io::ServerShare share(folder / set + "/server1.h5", 1);
    const io::ModelConfig& c = share.config();
    std::vector<Word> all;
    const auto add = [&](const std::string& name, std::size_t rows, std::size_t columns) {
      all.insert(all.end(), share.words(name), share.words(name) + word_matrix_words(rows, columns));
    };
    for (std::size_t i = 0; i < c.layers; ++i) {
      const std::string layer = "layers/" + std::to_string(i) + "/";
      add(layer + "qkv", c.qkv_rows(), c.hidden);
      add(layer + "o", c.hidden, c.hidden);
      add(layer + "gate_up", 2 * c.intermediate, c.hidden);
      add(layer + "down", c.hidden, c.intermediate);
    }
    add("head", c.vocabulary, c.hidden);
    return all;
  }
  const test::TemporaryFolder folder;
};

// Chi-squared over the 256 values of every byte of a word, each of the 8 with 255 degrees of freedom: normal to good approximation with
// mean 255 and variance 510. Beyond 8 sigma with probability 1e-14 for all of them.
TEST_F(Shares, EveryByteOfServer1sWordsIsUniform) {
  const std::vector<Word> all = words("one");
  ASSERT_GT(all.size(), 1000000u);
  for (int byte = 0; byte < 8; ++byte) {
    std::vector<double> seen(256, 0);
    for (Word w : all) ++seen[w >> (8 * byte) & 255];
    const double expected = double(all.size()) / 256;
    double chi = 0;
    for (double n : seen) chi += (n - expected) * (n - expected) / expected;
    EXPECT_LT(std::abs(chi - 255), 8 * std::sqrt(510.0)) << byte;
  }
}

// Two sets' shares of one weight differ by the difference of two streams. Equal words by chance: below (6e6)^2 / 2^65, 1e-6.
TEST_F(Shares, TwoSetsOfOneModelShareNothing) {
  const std::vector<Word> one = words("one"), two = words("two");
  std::vector<Word> difference(one.size());
  for (std::size_t i = 0; i < one.size(); ++i) difference[i] = one[i] - two[i];
  std::vector<Word> seen = one;
  seen.insert(seen.end(), two.begin(), two.end());
  seen.insert(seen.end(), difference.begin(), difference.end());
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  const io::ServerShare first(folder / "one/server0.h5", 0), second(folder / "two/server0.h5", 0);
  EXPECT_NE(first.set(), second.set());
  EXPECT_NE(first.seed(), second.seed());
}

TEST_F(Shares, BothServersWordsAddUpToTheWeights) {
  const io::ModelFile model(folder / "model.h5");
  const io::ServerShare server0(folder / "one/server0.h5", 0), server1(folder / "one/server1.h5", 1);
  const io::MappedRows rows = model.rows("head");
  const std::uint32_t number = std::uint32_t(4 * model.config().layers);
  const crypto::WeightStream stream(crypto::weight_key(server0.seed(), server0.set()), number, rows.columns);
  std::vector<Word> panel(rows.columns * kWordPanel);
  for (std::size_t p = 0; p < word_panels(rows.rows); ++p) {
    stream.columns(p, 0, rows.columns, panel.data());
    for (std::size_t r = p * 8; r < std::min(rows.rows, p * 8 + 8); ++r)
      for (std::size_t c = 0; c < rows.columns; ++c)
        ASSERT_EQ(panel[c * 8 + r % 8] + server1.words("head")[word_index(r, c, rows.columns)],
                  static_cast<Word>(std::int64_t{weight_at(rows, r, c)}) << rows.exponents[r]);
  }
}

}  // namespace
}  // namespace shardlm::qwen
