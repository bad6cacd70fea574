// Share sets: what each file holds, that they belong together, that nothing else passes for one of them, and that nothing half stays.
#include "shardlm/io/share_set.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>

#include "io_files.hpp"
#include "shardlm/core/word_panels.hpp"

namespace shardlm::io {
namespace {

using test::read_file;
using test::says;
using test::TemporaryFolder;

const ShareNumber kSet{1, 2, 3, 4}, kSeed{5, 6, 7, 8};

// A stream that tests can say in a line.
std::uint64_t word(const SharePart& part, std::size_t column, std::size_t row) {
  std::uint64_t x = (std::uint64_t{part.matrix} << 48) + (part.panel * 8 + row) * 1000003 + column;
  for (int i = 0; i < 2; ++i) x = (x ^ x >> 31) * 0x9E3779B97F4A7C15 + 1;
  return x ^ x >> 29;
}
void stream(const SharePart& part, std::uint64_t* words) {
  for (std::size_t c = 0; c < part.columns; ++c)
    for (std::size_t r = 0; r < 8; ++r) words[c * 8 + r] = word(part, c, r);
}

class ShareSet : public testing::Test {
 protected:
  ShareSet() {
    convert(test::kSmallModel, folder / "model.h5", {});
    write_share_set(folder / "model.h5", folder / "shares", kSet, kSeed, stream, {});
  }
  const TemporaryFolder folder;
  std::string file(const char* name) const { return folder / "shares/" + name; }
};

TEST_F(ShareSet, BothServersSharesOfEveryWeightAddUpToIt) {
  const ModelFile model(folder / "model.h5");
  const ServerShare server1(file("server1.h5"), 1);
  std::uint32_t number = 0;
  std::vector<std::string> names;
  for (int i : {0, 1, 2})
    for (const char* m : {"qkv", "o", "gate_up", "down"}) names.push_back("layers/" + std::to_string(i) + "/" + m);
  names.push_back("head");
  for (const std::string& name : names) {
    const MappedRows rows = model.rows(name);
    const std::uint64_t* words = server1.words(name);
    for (std::size_t r = 0; r < rows.rows; ++r)
      for (std::size_t c = 0; c < rows.columns; ++c) {
        const std::uint64_t w = static_cast<std::uint64_t>(std::int64_t{weight_at(rows, r, c)}) << rows.exponents[r];
        ASSERT_EQ(words[word_index(r, c, rows.columns)] + word({number, rows.columns, r / 8}, c, r % 8), w) << name << " " << r << " " << c;
      }
    ++number;
  }
}

TEST_F(ShareSet, Server0HoldsASeedAndNothingOfTheWeights) {
  const ServerShare server0(file("server0.h5"), 0);
  EXPECT_EQ(server0.seed(), kSeed);
  EXPECT_EQ(server0.set(), kSet);
  EXPECT_THROW(server0.words("head"), Error);
  EXPECT_LT(read_file(file("server0.h5")).size(), 16384u);
}

TEST_F(ShareSet, TheClientHoldsTextsAndEmbeddingAndTheDealerTheWeights) {
  const ModelFile model(folder / "model.h5"), client(file("client.h5"), ModelPart::client), dealer(file("dealer.h5"), ModelPart::dealer);
  EXPECT_EQ(client.tokenizer_json(), model.tokenizer_json());
  EXPECT_EQ(client.chat_template(), model.chat_template());
  std::vector<float> row(model.config().hidden), same(row.size());
  model.embedding(17, row.data());
  client.embedding(17, same.data());
  EXPECT_EQ(row, same);
  EXPECT_THROW(client.rows("head"), Error);

  EXPECT_EQ(std::memcmp(dealer.rows("head").weights, model.rows("head").weights, 2 * plane_words(model.config().vocabulary, model.config().hidden)), 0);
  EXPECT_EQ(*dealer.qkv_bias(2), *model.qkv_bias(2));
  EXPECT_EQ(dealer.tokenizer_json(), "");
  EXPECT_THROW(dealer.embedding(0, row.data()), Error);
}

TEST_F(ShareSet, AllFilesSayOfWhichSetTheyAre) {
  const std::string name = "share set 00000001000000020000000300000004";
  EXPECT_EQ(share_set_name(kSet), name);
  EXPECT_EQ(ModelFile(file("client.h5"), ModelPart::client).digest(), name);
  EXPECT_EQ(ModelFile(file("dealer.h5"), ModelPart::dealer).digest(), name);
  EXPECT_EQ(ServerShare(file("server0.h5"), 0).digest(), name);
  EXPECT_EQ(ServerShare(file("server1.h5"), 1).digest(), name);
}

TEST_F(ShareSet, NoFilePassesForAnother) {
  const auto refusal = [](const auto& open) -> std::string {
    try {
      open();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  };
  for (const char* other : {"shares/client.h5", "shares/server1.h5", "shares/dealer.h5"})
    EXPECT_TRUE(says(refusal([&] { ServerShare(folder / other, 0); }), "no share of server 0")) << other;
  for (const char* other : {"shares/client.h5", "shares/server0.h5", "shares/dealer.h5"})
    EXPECT_TRUE(says(refusal([&] { ServerShare(folder / other, 1); }), "no share of server 1")) << other;
  for (const char* other : {"shares/client.h5", "shares/server0.h5", "shares/server1.h5", "shares/dealer.h5"})
    EXPECT_TRUE(says(refusal([&] { ModelFile(folder / other); }), "no model file")) << other;
  EXPECT_TRUE(says(refusal([&] { ModelFile(folder / "model.h5", ModelPart::dealer); }), "a whole model file"));
  for (int server : {0, 1}) EXPECT_TRUE(says(refusal([&] { ServerShare(folder / "model.h5", server); }), "a whole model file"));
}

TEST_F(ShareSet, ADamagedShareIsRefused) {
  std::string bytes = read_file(file("server1.h5"));
  bytes[bytes.size() / 2] ^= 1;
  const std::string damaged = folder / "damaged.h5";
  test::write_file(damaged, bytes);
  EXPECT_THROW(ServerShare(damaged, 1), Error);
}

TEST_F(ShareSet, OnlyItsOwnerMayReadIt) {
  struct stat s {};
  ASSERT_EQ(stat((folder / "shares").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0700u);
  for (const char* name : {"client.h5", "server0.h5", "server1.h5", "dealer.h5"}) {
    ASSERT_EQ(stat(file(name).c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(ShareSet, AFolderThatIsThereIsNotTouched) {
  const std::string before = read_file(file("server0.h5"));
  EXPECT_THROW(write_share_set(folder / "model.h5", folder / "shares", kSet, {9, 9, 9, 9}, stream, {}), Error);
  EXPECT_EQ(read_file(file("server0.h5")), before);
}

TEST_F(ShareSet, NothingStaysOfOneThatFails) {
  const std::size_t before = folder.entries();
  const auto fails = [](const SharePart& part, std::uint64_t* words) {
    if (part.matrix == 5) throw Error("no more");
    stream(part, words);
  };
  EXPECT_THROW(write_share_set(folder / "model.h5", folder / "new", kSet, kSeed, fails, {}), Error);
  EXPECT_THROW(write_share_set(folder / "model.h5", folder / "new", kSet, kSeed, stream, {}, [](const std::string&) { return 1000; }), Error);
  EXPECT_THROW(write_share_set(folder / "none.h5", folder / "new", kSet, kSeed, stream, {}), Error);
  EXPECT_EQ(folder.entries(), before);
}

}  // namespace
}  // namespace shardlm::io
