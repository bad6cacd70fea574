// Checkpoints as they are found: BF16, F16 or F32, in one file or in shards, with a head of their own or tied to the embedding.
#include <cmath>
#include <cstring>

#include "io_converting.hpp"
#include "shardlm/io/checkpoint.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::io {
namespace {

using namespace test;
using nlohmann::json;

class FormatsTest : public Converting {};

// The same numbers in another format: every bfloat16 of the small model that is no subnormal half is an exact float32.
void rewrite_as_f32(const std::string& model) {
  const std::string bytes = read_file(model + "/model.safetensors");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  json header = json::parse(bytes.substr(8, length));
  std::string data;
  for (char c : bytes.substr(8 + length)) {
    if (data.size() % 4 == 0) data += std::string(2, '\0');
    data += c;
  }
  for (auto& [name, tensor] : header.items())
    if (name != "__metadata__") {
      tensor["dtype"] = "F32";
      for (json& offset : tensor["data_offsets"]) offset = 2 * offset.get<std::size_t>();
    }
  write_file(model + "/model.safetensors", safetensors(header.dump(), data));
}

TEST_F(FormatsTest, Float32CheckpointsGiveTheSameIntegersAndEmbeddings) {
  const std::string copy = copy_small_model(folder_);
  rewrite_as_f32(copy);
  const ModelFile model = converted(copy);
  const MappedRows down = model.rows("layers/2/down");
  const std::string bf16 = folder_ / "bf16.h5";
  convert(kSmallModel, bf16, {});
  const ModelFile same(bf16);
  for (std::size_t r = 0; r < down.rows; ++r)
    for (std::size_t c = 0; c < down.columns; ++c) EXPECT_EQ(weight_at(down, r, c), weight_at(same.rows("layers/2/down"), r, c));
  std::vector<float> got(72), want(72);
  model.embedding(17, got.data());
  Checkpoint(kSmallModel).embedding().read(17 * 72, 72, want.data());
  EXPECT_EQ(got, want);
}

// The numbers as binary16, rounded toward zero; those below its normal range become 0.
std::uint16_t half_of(std::uint16_t bf16) {
  const int exponent = (bf16 >> 7 & 255) - 127;
  if (exponent < -14 || exponent > 15) return bf16 & 0x8000;
  return (bf16 & 0x8000) | (exponent + 15) << 10 | (bf16 & 127) << 3;
}

void rewrite_as_f16(const std::string& model) {
  std::string bytes = read_file(model + "/model.safetensors");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  json header = json::parse(bytes.substr(8, length));
  for (std::size_t at = 8 + length; at < bytes.size(); at += 2) {
    std::uint16_t h;
    std::memcpy(&h, &bytes[at], 2);
    h = half_of(h);
    std::memcpy(&bytes[at], &h, 2);
  }
  for (auto& [name, tensor] : header.items())
    if (name != "__metadata__") tensor["dtype"] = "F16";
  write_file(model + "/model.safetensors", safetensors(header.dump(), bytes.substr(8 + length)));
}

TEST_F(FormatsTest, Float16CheckpointsGiveTheirIntegersAndEmbeddings) {
  const std::string copy = copy_small_model(folder_);
  rewrite_as_f16(copy);
  const ModelFile model = converted(copy);
  const Checkpoint half(copy), original(kSmallModel);
  std::vector<float> got(72), want(72);
  model.embedding(17, got.data());
  original.embedding().read(17 * 72, 72, want.data());
  for (std::size_t c = 0; c < 72; ++c) EXPECT_EQ(got[c], std::fabs(want[c]) < 0x1p-14 ? 0 : want[c]);
  const MappedRows o = model.rows("layers/1/o");
  for (std::size_t r = 0; r < o.rows; ++r) {
    half.layer(1).o.read(r * 72, 72, want.data());
    for (std::size_t c = 0; c < 72; ++c) EXPECT_EQ(weight_at(o, r, c), std::nearbyint(std::ldexp(want[c], 15 - o.exponents[r])));
  }
}

// The tensors of the small model in three files with an index, in turn.
void split_into_shards(const std::string& model) {
  const std::string bytes = read_file(model + "/model.safetensors");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  const json header = json::parse(bytes.substr(8, length));
  json headers[3], index;
  std::string data[3];
  std::size_t next = 0;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    const std::size_t shard = next++ % 3, begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1];
    headers[shard][name] = tensor;
    headers[shard][name]["data_offsets"] = {data[shard].size(), data[shard].size() + end - begin};
    data[shard] += bytes.substr(8 + length + begin, end - begin);
    index["weight_map"][name] = "model-0000" + std::to_string(shard + 1) + "-of-00003.safetensors";
  }
  for (int s = 0; s < 3; ++s)
    write_file(model + "/model-0000" + std::to_string(s + 1) + "-of-00003.safetensors", safetensors(headers[s].dump(), data[s]));
  write_file(model + "/model.safetensors.index.json", index.dump());
  std::filesystem::remove(model + "/model.safetensors");
}

TEST_F(FormatsTest, ACheckpointInShardsGivesTheSameDigest) {
  const std::string whole = converted(kSmallModel).digest(), copy = copy_small_model(folder_);
  split_into_shards(copy);
  EXPECT_EQ(converted(copy).digest(), whole);
}

TEST_F(FormatsTest, ACheckpointThatLacksAShardIsRefused) {
  const std::string copy = copy_small_model(folder_);
  split_into_shards(copy);
  std::filesystem::remove(copy + "/model-00002-of-00003.safetensors");
  EXPECT_TRUE(says(refused(copy), "model-00002-of-00003.safetensors"));
}

TEST_F(FormatsTest, ATiedHeadIsTheEmbeddingWithTheFinalNorm) {
  const std::string copy = copy_small_model(folder_);
  json config = read_json(copy + "/config.json");
  config["tie_word_embeddings"] = true;
  write_file(copy + "/config.json", config.dump());
  const ModelFile model = converted(copy);
  EXPECT_TRUE(model.config().tied_head);
  const Checkpoint checkpoint(copy);
  std::vector<float> row(72), gain(72);
  model.embedding(17, row.data());
  checkpoint.final_norm().read(0, 72, gain.data());
  const MappedRows head = model.rows("head");
  const double unit = std::ldexp(1.0, head.exponents[17] - 15);
  for (std::size_t c = 0; c < 72; ++c)
    EXPECT_NEAR(weight_at(head, 17, c) * unit, double{row[c]} * gain[c] * std::sqrt(72.0) / 16, unit / 2);
}

}  // namespace
}  // namespace shardlm::io
