// Importing a checkpoint: exact integers, exact embeddings, and nothing left behind when it fails.
#include <cryptopp/filters.h>
#include <cryptopp/hex.h>
#include <cryptopp/sha.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstring>

#include "io_converting.hpp"
#include "shardlm/io/checkpoint.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::io {
namespace {

using namespace test;
using nlohmann::json;

std::string sha256(const std::vector<std::int64_t>& values) {
  std::string hex;
  CryptoPP::SHA256 hash;
  CryptoPP::StringSource(reinterpret_cast<const CryptoPP::byte*>(values.data()), 8 * values.size(), true,
                         new CryptoPP::HashFilter(hash, new CryptoPP::HexEncoder(new CryptoPP::StringSink(hex), false)));
  return hex;
}

// The integers that the engine multiplies with, exponents applied, row-major.
std::vector<std::int64_t> integers(const MappedRows& m) {
  std::vector<std::int64_t> all;
  for (std::size_t r = 0; r < m.rows; ++r)
    for (std::size_t c = 0; c < m.columns; ++c) all.push_back(weight_at(m, r, c) * (std::int64_t{1} << m.exponents[r]));
  return all;
}

class ConvertTest : public Converting {};

TEST_F(ConvertTest, EveryIntegerIsTheKnownOne) {
  const ModelFile model = converted(kSmallModel);
  const json expected = read_json(kSmallModel + "/expected.json");
  ASSERT_EQ(expected["integers"].size(), 13u);
  std::size_t with_exponent = 0;
  for (const auto& [name, known] : expected["integers"].items()) {
    const MappedRows m = model.rows(name);
    const std::vector<std::int64_t> all = integers(m);
    const auto first = known["first"].get<std::vector<std::int64_t>>();
    EXPECT_EQ(std::vector<std::int64_t>(all.begin(), all.begin() + first.size()), first) << name;
    EXPECT_EQ(sha256(all), known["sha256"]) << name;
    for (std::size_t r = 0; r < m.rows; ++r) with_exponent += m.exponents[r] > 0;
  }
  EXPECT_GE(with_exponent, 2u);  // otherwise exponents would go untested
}

TEST_F(ConvertTest, EveryBiasIsTheKnownOne) {
  const ModelFile model = converted(kSmallModel);
  const json expected = read_json(kSmallModel + "/expected.json")["biases"];
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t* b = model.qkv_bias(i);
    const json& known = expected["layers/" + std::to_string(i) + "/qkv"];
    EXPECT_EQ(std::vector<std::int64_t>(b, b + 16), known["first"].get<std::vector<std::int64_t>>());
    EXPECT_EQ(sha256({b, b + model.config().qkv_rows()}), known["sha256"]);
  }
  EXPECT_TRUE(says(refusal([&] { model.qkv_bias(3); }), "no layer 3"));
}

TEST_F(ConvertTest, EmbeddingsTextsAndConfigurationArriveUnchanged) {
  const ModelFile model = converted(kSmallModel);
  const Checkpoint checkpoint(kSmallModel);
  std::vector<float> got(72), want(72);
  for (const std::size_t token : {0, 17, 299}) {
    model.embedding(token, got.data());
    checkpoint.embedding().read(token * 72, 72, want.data());
    EXPECT_EQ(got, want);
  }
  EXPECT_TRUE(says(refusal([&] { model.embedding(300, got.data()); }), "outside the vocabulary"));
  EXPECT_EQ(model.tokenizer_json(), read_file(kSmallModel + "/tokenizer.json"));
  EXPECT_EQ(model.chat_template(), read_json(kSmallModel + "/tokenizer_config.json")["chat_template"].get<std::string>());
  EXPECT_EQ(model.name(), "plain_small");
  EXPECT_EQ(model.config().intermediate, checkpoint.config().intermediate);
  EXPECT_EQ(model.config().norm_epsilon, 1e-6);
  EXPECT_EQ(model.config().rope_theta, 1e6);
  EXPECT_EQ(model.config().end_tokens, (std::vector<std::int32_t>{299, 297}));
}

TEST_F(ConvertTest, TheSameCheckpointGivesTheSameDigestUnderAnyName) {
  const std::string first = converted(kSmallModel).digest(), second = converted(copy_small_model(folder_, "other")).digest();
  EXPECT_EQ(first.size(), 64u);
  EXPECT_EQ(first, second);
}

TEST_F(ConvertTest, AFolderNeedsNoNameInUtf8) {
  const ModelFile model = converted(copy_small_model(folder_, "mod\xe8le"));
  EXPECT_EQ(model.name(), "mod\xef\xbf\xbdle");
  EXPECT_EQ(model.digest(), converted(kSmallModel).digest());
}

TEST_F(ConvertTest, AnyChangeOfTheModelChangesTheDigest) {
  const std::string original = converted(kSmallModel).digest(), copy = copy_small_model(folder_);
  std::string weights = read_file(copy + "/model.safetensors");
  weights[weights.size() - 1000] ^= 1;
  write_file(copy + "/model.safetensors", weights);
  const std::string changed_weight = converted(copy).digest();
  json config = read_json(copy + "/config.json");
  config["rms_norm_eps"] = 1.0000001e-6;
  write_file(copy + "/config.json", config.dump());
  EXPECT_NE(changed_weight, original);
  EXPECT_NE(converted(copy).digest(), changed_weight);
}

TEST_F(ConvertTest, ProgressEndsAtTheTotal) {
  std::uint64_t last = 0, total = 0;
  convert(kSmallModel, out_, [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GE(done, last);
    last = done;
    total = all;
  });
  EXPECT_EQ(last, total);
  EXPECT_GT(total, 400000u);
}

TEST_F(ConvertTest, IncompleteCheckpointsAreRefusedAndLeaveNothing) {
  for (const char* file : {"config.json", "tokenizer.json", "model.safetensors"}) {
    const std::string copy = copy_small_model(folder_);
    std::filesystem::remove(copy + "/" + file);
    EXPECT_TRUE(says(refused(copy), file));
    std::filesystem::remove_all(copy);
  }
  EXPECT_TRUE(says(refused(folder_ / "nowhere"), "is not a folder"));
  EXPECT_EQ(folder_.entries(), 0u);
}

TEST_F(ConvertTest, ACheckpointThatLacksATensorIsRefused) {
  const std::string copy = copy_small_model(folder_);
  json config = read_json(copy + "/config.json");
  config["num_hidden_layers"] = 4;
  write_file(copy + "/config.json", config.dump());
  EXPECT_TRUE(says(refused(copy), "no tensor model.layers.3.input_layernorm.weight"));
  config["num_hidden_layers"] = 3;
  config["vocab_size"] = 301;
  write_file(copy + "/config.json", config.dump());
  EXPECT_TRUE(says(refused(copy), "has shape [300,72] where the configuration needs [301,72]"));
}

TEST_F(ConvertTest, AWeightThatIsNoNumberIsRefusedAndLeavesNothing) {
  const std::string copy = copy_small_model(folder_);
  std::string weights = read_file(copy + "/model.safetensors");
  weights.replace(weights.size() - 2, 2, "\x80\x7f");  // the last element of lm_head: infinity
  write_file(copy + "/model.safetensors", weights);
  EXPECT_TRUE(says(refused(copy), "cannot convert head: a weight is not a finite number"));
  EXPECT_EQ(folder_.entries(), 1u);
}

TEST_F(ConvertTest, OutputsThatCannotBeWrittenAreRefusedBeforeAnyWork) {
  const auto sentence = [](const std::string& out) { return refusal([&] { convert("/nowhere/at/all", out, {}); }); };
  EXPECT_TRUE(says(sentence(folder_ / "missing/model.h5"), "cannot write"));
  EXPECT_TRUE(says(sentence(folder_.path()), "not the name of a file"));
  EXPECT_TRUE(says(sentence(""), "not the name of a file"));
  EXPECT_TRUE(says(sentence("/proc/model.h5"), "cannot write /proc/model.h5"));
  EXPECT_EQ(folder_.entries(), 0u);
}

TEST_F(ConvertTest, NaNInAnyTensorIsRefused) {
  const std::string bytes = read_file(kSmallModel + "/model.safetensors");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  const json header = json::parse(bytes.substr(8, length));
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    std::string damaged = bytes;
    damaged.replace(8 + length + tensor["data_offsets"][0].get<std::size_t>(), 2, "\xc1\x7f");
    const std::string copy = copy_small_model(folder_);
    write_file(copy + "/model.safetensors", damaged);
    EXPECT_TRUE(says(refused(copy), "finite")) << name;
    std::filesystem::remove_all(copy);
  }
}

TEST_F(ConvertTest, ADiskWithTooLittleRoomIsRefusedBeforeAnyWeightIsRead) {
  std::string asked;
  bool began = false;
  const std::string sentence = refusal([&] {
    convert(
        kSmallModel, out_, [&](std::uint64_t, std::uint64_t) { began = true; },
        [&](const std::string& file) {
          asked = file;
          return std::uint64_t{300000};
        });
  });
  EXPECT_TRUE(says(sentence, "cannot write " + out_ + ": it takes 0.46 MiB, and its disk has room for 0.29 MiB"));
  EXPECT_EQ(asked.substr(0, folder_.path().size()), folder_.path());
  EXPECT_FALSE(began);
  EXPECT_EQ(folder_.entries(), 0u);
}

TEST_F(ConvertTest, ADiskThatFillsUpLeavesNothing) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 100000;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string sentence = refusal([&] { convert(kSmallModel, out_, {}); });
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(says(sentence, "cannot write"));
  EXPECT_EQ(folder_.entries(), 0u);
}

TEST_F(ConvertTest, AFailedConversionKeepsTheOldFile) {
  const std::string digest = converted(kSmallModel).digest();
  EXPECT_TRUE(says(refusal([&] { convert(folder_ / "nowhere", out_, {}); }), "is not a folder"));
  EXPECT_EQ(ModelFile(out_).digest(), digest);
}

TEST_F(ConvertTest, AnInterruptedProgramCanRemoveItsUnfinishedFile) {
  struct Interrupted {};
  std::size_t during = 0, after = 0;
  try {
    convert(kSmallModel, out_, [&](std::uint64_t, std::uint64_t) {
      during = folder_.entries();
      remove_partial_output();
      after = folder_.entries();
      throw Interrupted();
    });
  } catch (const Interrupted&) {
  }
  EXPECT_EQ(during, 1u);
  EXPECT_EQ(after, 0u);
}

}  // namespace
}  // namespace shardlm::io
