// Keys and readings bit for bit against an independent program (tests/vectors/dpf_chacha*.json says how they were made).
#include "crypto_batches.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace shardlm::crypto {
namespace {

using nlohmann::json;

// Hex of little-endian words.
template <class T>
std::vector<T> words(const json& hex) {
  const std::string& text = hex.get_ref<const std::string&>();
  std::vector<T> out(text.size() / (2 * sizeof(T)), 0);
  for (std::size_t i = 0; i < text.size() / 2; ++i)
    out[i / sizeof(T)] |= static_cast<T>(std::stoul(text.substr(2 * i, 2), nullptr, 16)) << (8 * (i % sizeof(T)));
  return out;
}

// [rows][n] -> [tiles][rows][16], zeros in the last tile's unused lanes.
std::vector<std::uint32_t> tiled(const std::vector<std::uint32_t>& values, std::size_t n) {
  const std::size_t rows = values.size() / n;
  std::vector<std::uint32_t> out(tiles_of(n) * rows * kTile, 0);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < n; ++i) out[(i / kTile * rows + row) * kTile + i % kTile] = values[row * n + i];
  return out;
}

struct KnownAnswers : testing::Test {
  json file;
  void SetUp() override {
    const std::string path = std::string(SHARDLM_VECTORS) + "/dpf_chacha" + std::to_string(SHARDLM_CHACHA_ROUNDS) + ".json";
    std::ifstream in(path);
    ASSERT_TRUE(in) << path;
    in >> file;
    ASSERT_EQ(file["rounds"], SHARDLM_CHACHA_ROUNDS);
    ASSERT_FALSE(file["cases"].empty());
  }

  Tweak tweak() const {
    Tweak tweak;
    for (int i = 0; i < 4; ++i) tweak.salt[i] = file["salt"][i];
    tweak.serial = file["serial"];
    return tweak;
  }
  DpfBatch generated(const json& c) const {
    const std::size_t n = c["n"];
    return generate(c["m"], to_array(words<Word>(c["alpha"])), to_array(tiled(words<std::uint32_t>(c["roots"][0]), n)),
                    to_array(tiled(words<std::uint32_t>(c["roots"][1]), n)), tweak());
  }
  DpfKeys keys(const json& c, int party) const {
    const std::size_t n = c["n"];
    return {c["m"], n, party, tweak(), to_array(tiled(words<std::uint32_t>(c["roots"][party]), n)), generated(c).corrections};
  }
  template <class Check>
  void every_case(const char* reading, Check check) {
    int cases = 0;
    for (Form form : EveryForm()) {
      set_form(form);
      for (const json& c : file["cases"])
        if (c.contains(reading)) {
          SCOPED_TRACE(std::string(name(form)) + ", m = " + c["m"].dump());
          check(c);
          ++cases;
        }
    }
    EXPECT_GT(cases, 0) << reading;
  }
};

TEST_F(KnownAnswers, CorrectionWordsAndSigns) {
  every_case("seeds", [&](const json& c) {
    const std::size_t n = c["n"], depth = dpf_depth(c["m"]), tiles = tiles_of(n);
    const DpfBatch batch = generated(c);
    const auto got = to_vector(batch.corrections);
    const auto seeds = words<std::uint32_t>(c["seeds"]), leaf = words<std::uint32_t>(c["leaf"]);
    const auto controls = words<std::uint8_t>(c["controls"]);
    const auto signs = to_vector(batch.signs);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t tile = i / kTile, lane = i % kTile;
      const auto word = [&](std::size_t row) { return got[(tile * (4 * depth + 16) + row) * kTile + lane]; };
      for (std::size_t row = 0; row < 4 * depth; ++row) ASSERT_EQ(word(row), seeds[row * n + i]);
      for (std::size_t row = 0; row < 16; ++row) ASSERT_EQ(word(4 * depth + row), leaf[row * n + i]);
      for (std::size_t level = 0; level < depth; ++level)
        for (std::size_t side : {0, 1}) {
          const std::uint32_t control = got[tiles * (64 * depth + 256) + tile * depth + level];
          ASSERT_EQ(control >> (16 * side + lane) & 1, controls[(2 * level + side) * n + i]);
        }
      ASSERT_EQ(signs[i], static_cast<Word>(c["sign"][i].get<std::int64_t>()));
    }
  });
}

TEST_F(KnownAnswers, Expansions) {
  every_case("expand", [&](const json& c) {
    for (int party : {0, 1}) {
      const auto got = to_vector(expand(keys(c, party)));
      EXPECT_EQ(got, words<std::uint32_t>(c["expand"][party]));
    }
  });
}

TEST_F(KnownAnswers, SiluLookUps) {
  const std::vector<std::int64_t> value = file["tables"]["silu"][0], slope = file["tables"]["silu"][1];
  every_case("line", [&](const json& c) {
    const LineTable table(c["m"], line_column(c["m"], value), line_column(c["m"], slope));
    for (int party : {0, 1}) {
      const TwoColumns got = look_up(table, keys(c, party), to_array(words<Word>(c["z"])));
      EXPECT_EQ(to_vector(got.a), words<Word>(c["line"][party][0]));
      EXPECT_EQ(to_vector(got.b), words<Word>(c["line"][party][1]));
    }
  });
}

TEST_F(KnownAnswers, ReciprocalLookUps) {
  if (SHARDLM_CHACHA_ROUNDS != 12) GTEST_SKIP() << "only the file for 12 rounds has them";
  every_case("cells", [&](const json& c) {
    const CellTable table(c["m"], reciprocal_cells(c["m"]));
    for (int party : {0, 1}) EXPECT_EQ(to_vector(look_up(table, keys(c, party), to_array(words<Word>(c["z"])))), words<Word>(c["cells"][party]));
  });
}

TEST_F(KnownAnswers, ExpLookUps) {
  const std::vector<std::int32_t> value = file["tables"]["exp"][0], slope = file["tables"]["exp"][1];
  const WindowTable table(-256, value, slope);
  every_case("window", [&](const json& c) {
    for (int party : {0, 1}) {
      const TwoColumns got = look_up(table, keys(c, party), to_array(words<Word>(c["z"])));
      EXPECT_EQ(to_vector(got.a), words<Word>(c["window"][party][0]));
      EXPECT_EQ(to_vector(got.b), words<Word>(c["window"][party][1]));
    }
  });
}

TEST_F(KnownAnswers, Comparisons) {
  every_case("prefix", [&](const json& c) {
    for (int party : {0, 1}) {
      const auto want = words<std::uint8_t>(c["prefix"][party]);
      EXPECT_EQ(to_vector(prefix(keys(c, party), to_array(words<Word>(c["x"])))), std::vector<Word>(want.begin(), want.end()));
    }
  });
}

}  // namespace
}  // namespace shardlm::crypto
