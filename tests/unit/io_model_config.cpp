// config.json: what is taken, and every kind of model that is refused.
#include <cmath>

#include "io_files.hpp"
#include "shardlm/io/model_config.hpp"

namespace shardlm::io {
namespace {

using namespace test;
using nlohmann::json;

class ModelConfigTest : public testing::Test {
 protected:
  ModelConfig parse() const { return parse_config(config_.dump(), generation_, "model"); }
  // The sentence for this configuration with one value changed.
  std::string with(const std::string& key, const json& value) const {
    json changed = config_;
    changed[key] = value;
    return refusal([&] { parse_config(changed.dump(), generation_, "model"); });
  }
  std::string without(const std::string& key) const {
    json changed = config_;
    changed.erase(key);
    return refusal([&] { parse_config(changed.dump(), generation_, "model"); });
  }
  json config_ = read_json(kSmallModel + "/config.json");
  std::string generation_ = read_file(kSmallModel + "/generation_config.json");
};

TEST_F(ModelConfigTest, AllNumbersAreTaken) {
  const ModelConfig c = parse();
  EXPECT_EQ(c.hidden, 72u);
  EXPECT_EQ(c.layers, 3u);
  EXPECT_EQ(c.heads, 4u);
  EXPECT_EQ(c.kv_heads, 2u);
  EXPECT_EQ(c.intermediate, 118u);
  EXPECT_EQ(c.vocabulary, 300u);
  EXPECT_EQ(c.max_positions, 2048u);
  EXPECT_EQ(c.rope_theta, 1e6);
  EXPECT_EQ(c.norm_epsilon, 1e-6);
  EXPECT_FALSE(c.tied_head);
  EXPECT_EQ(c.head_dim(), 18u);
  EXPECT_EQ(c.qkv_rows(), 144u);
  EXPECT_EQ(c.end_tokens, (std::vector<std::int32_t>{299, 297}));  // generation_config.json first, none twice
}

TEST_F(ModelConfigTest, TheGainIsTheCeilingOfTheRootsLogarithm) {
  for (const std::size_t hidden : {1, 2, 4, 5, 63, 64, 65, 72, 896, 1024, 1536, 2048, 3584, 4096, 5120, 8192}) {
    ModelConfig c;
    c.hidden = hidden;
    EXPECT_EQ(c.gain(), static_cast<int>(std::ceil(std::log2(std::sqrt(static_cast<double>(hidden)))))) << hidden;
  }
}

TEST_F(ModelConfigTest, OtherModelsAreRefused) {
  EXPECT_TRUE(says(with("model_type", "llama"), "model type is \"llama\""));
  EXPECT_TRUE(says(with("model_type", "qwen2_moe"), "only qwen2"));
  EXPECT_TRUE(says(with("architectures", {"Qwen2ForSequenceClassification"}), "only Qwen2ForCausalLM"));
  EXPECT_TRUE(says(with("hidden_act", "gelu"), "gelu"));
  EXPECT_TRUE(says(with("quantization_config", {{"bits", 4}}), "quantised already"));
}

TEST_F(ModelConfigTest, SlidingWindowsAreRefusedOnlyWhenUsed) {
  EXPECT_EQ(with("sliding_window", 4096), "");
  EXPECT_TRUE(says(with("use_sliding_window", true), "sliding window"));
  EXPECT_EQ(with("layer_types", {"full_attention", "full_attention"}), "");
  EXPECT_TRUE(says(with("layer_types", {"full_attention", "sliding_attention"}), "sliding window"));
}

TEST_F(ModelConfigTest, RopeScalingIsRefused) {
  EXPECT_EQ(with("rope_scaling", nullptr), "");
  EXPECT_EQ(with("rope_scaling", {{"rope_type", "default"}}), "");
  EXPECT_TRUE(says(with("rope_scaling", {{"type", "yarn"}, {"factor", 4.0}}), "yarn"));
  EXPECT_TRUE(says(with("rope_scaling", {{"factor", 2.0}}), "by 2.0"));
  EXPECT_TRUE(says(with("rope_scaling", "yarn"), "not an object"));
  config_.erase("rope_theta");
  EXPECT_TRUE(says(refusal([&] { parse(); }), "rope_theta is missing"));
  config_["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 5e5}};
  EXPECT_EQ(parse().rope_theta, 5e5);
}

TEST_F(ModelConfigTest, ExtentsThatTheEngineCannotTakeAreRefused) {
  EXPECT_TRUE(says(with("hidden_size", 70), "not a multiple of its 4 heads"));
  EXPECT_TRUE(says(with("hidden_size", 68), "head dimension 17 is odd"));
  EXPECT_TRUE(says(with("num_key_value_heads", 3), "cannot share 3"));
  EXPECT_TRUE(says(with("head_dim", 16), "head_dim is 16 where hidden_size / num_attention_heads is 18"));
  EXPECT_EQ(with("head_dim", 18), "");
  EXPECT_TRUE(says(with("hidden_size", 0), "must be 1 to"));
  EXPECT_TRUE(says(with("num_hidden_layers", 5000), "number of layers is 5000"));
  EXPECT_TRUE(says(with("vocab_size", std::uint64_t{1} << 62), "vocabulary"));
  EXPECT_TRUE(says(with("hidden_size", -64), "not a whole number"));
  EXPECT_TRUE(says(with("hidden_size", "64"), "not a whole number"));
}

TEST_F(ModelConfigTest, ANormBelowItsTableIsRefused) {
  EXPECT_TRUE(says(with("rms_norm_eps", 8e-7), "2^-14"));  // 72 * 8e-7 = 5.8e-5 < 6.1e-5
  EXPECT_EQ(with("rms_norm_eps", 9e-7), "");
  EXPECT_TRUE(says(with("rms_norm_eps", 2), "epsilon"));
  EXPECT_TRUE(says(with("rope_theta", 0.5), "rope_theta"));
}

TEST_F(ModelConfigTest, MissingAndMalformedEntriesAreNamed) {
  for (const char* key : {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size",
                          "max_position_embeddings", "rms_norm_eps"})
    EXPECT_TRUE(says(without(key), key));
  EXPECT_TRUE(says(with("tie_word_embeddings", "yes"), "tie_word_embeddings"));
  EXPECT_TRUE(says(with("eos_token_id", "end"), "eos_token_id"));
  EXPECT_TRUE(says(with("eos_token_id", 300), "end token 300 is outside"));
  EXPECT_TRUE(says(refusal([] { parse_config("{", "", "model"); }), "config.json is not valid JSON"));
  EXPECT_TRUE(says(refusal([] { parse_config("[]", "", "model"); }), "JSON object"));
  generation_ = "?";
  EXPECT_TRUE(says(refusal([&] { parse(); }), "generation_config.json is not valid JSON"));
}

// Depth costs whoever prints or copies such a value a piece of stack a level.
TEST_F(ModelConfigTest, EndlesslyNestedValuesAreRefused) {
  const std::string nested = std::string(250000, '[') + std::string(250000, ']');
  for (const char* key : {"architectures", "eos_token_id", "rope_scaling"}) {
    json config = config_;
    config[key] = "nested";
    std::string text = config.dump();
    text.replace(text.find("\"nested\""), 8, nested);
    EXPECT_TRUE(says(refusal([&] { parse_config(text, "", "model"); }), "model/config.json is nested more than 64 deep"));
  }
  EXPECT_TRUE(says(refusal([&] { parse_config(config_.dump(), "{\"eos_token_id\":" + nested + "}", "model"); }),
                   "generation_config.json is nested more than 64 deep"));
}

}  // namespace
}  // namespace shardlm::io
