// Every size of Qwen2.5, by the config.json of its checkpoint.
#include "io_files.hpp"
#include "shardlm/io/random_model.hpp"

namespace shardlm::io {
namespace {

using namespace test;
using nlohmann::json;

struct Published {
  std::string size, config;
  std::size_t head_dim;
  double weights;  // in thousands of millions, as the model card says without the embedding
};

// What the seven files have in common, and what tells them apart.
std::string config(const char* apart) {
  json common = json::parse(R"({
    "architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151645,
    "hidden_act": "silu", "initializer_range": 0.02, "max_position_embeddings": 32768, "model_type": "qwen2",
    "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "torch_dtype": "bfloat16", "transformers_version": "4.43.1",
    "use_cache": true, "use_sliding_window": false})");
  common.update(json::parse(apart));
  return common.dump(2);
}

const Published kPublished[] = {
    {"0.5b", config(R"({"hidden_size": 896, "intermediate_size": 4864, "max_window_layers": 21, "num_attention_heads": 14,
     "num_hidden_layers": 24, "num_key_value_heads": 2, "sliding_window": 32768, "tie_word_embeddings": true, "vocab_size": 151936})"),
     64, 0.36},
    {"1.5b", config(R"({"hidden_size": 1536, "intermediate_size": 8960, "max_window_layers": 21, "num_attention_heads": 12,
     "num_hidden_layers": 28, "num_key_value_heads": 2, "sliding_window": 32768, "tie_word_embeddings": true, "vocab_size": 151936})"),
     128, 1.31},
    {"3b", config(R"({"hidden_size": 2048, "intermediate_size": 11008, "max_window_layers": 70, "num_attention_heads": 16,
     "num_hidden_layers": 36, "num_key_value_heads": 2, "sliding_window": 32768, "tie_word_embeddings": true, "vocab_size": 151936})"),
     128, 2.77},
    {"7b", config(R"({"hidden_size": 3584, "intermediate_size": 18944, "max_window_layers": 28, "num_attention_heads": 28,
     "num_hidden_layers": 28, "num_key_value_heads": 4, "sliding_window": 131072, "tie_word_embeddings": false, "vocab_size": 152064})"),
     128, 6.53},
    {"14b", config(R"({"hidden_size": 5120, "intermediate_size": 13824, "max_window_layers": 70, "num_attention_heads": 40,
     "num_hidden_layers": 48, "num_key_value_heads": 8, "sliding_window": 131072, "tie_word_embeddings": false, "vocab_size": 152064})"),
     128, 13.1},
    {"32b", config(R"({"hidden_size": 5120, "intermediate_size": 27648, "max_window_layers": 70, "num_attention_heads": 40,
     "num_hidden_layers": 64, "num_key_value_heads": 8, "sliding_window": 131072, "tie_word_embeddings": false, "vocab_size": 152064})"),
     128, 31.0},
    {"72b", config(R"({"hidden_size": 8192, "intermediate_size": 29568, "max_window_layers": 80, "num_attention_heads": 64,
     "num_hidden_layers": 80, "num_key_value_heads": 8, "sliding_window": 131072, "tie_word_embeddings": false, "vocab_size": 152064})"),
     128, 70.0},
};

TEST(QwenSizes, AllSevenAreKnown) {
  std::vector<std::string> published;
  for (const Published& p : kPublished) published.push_back(p.size);
  EXPECT_EQ(qwen_sizes(), published);
}

TEST(QwenSizes, EachIsWhatItsConfigurationSays) {
  for (const Published& p : kPublished) {
    const ModelConfig parsed = parse_config(p.config, "", p.size), known = qwen_size(p.size);
    EXPECT_EQ(parsed.hidden, known.hidden) << p.size;
    EXPECT_EQ(parsed.layers, known.layers) << p.size;
    EXPECT_EQ(parsed.heads, known.heads) << p.size;
    EXPECT_EQ(parsed.kv_heads, known.kv_heads) << p.size;
    EXPECT_EQ(parsed.intermediate, known.intermediate) << p.size;
    EXPECT_EQ(parsed.vocabulary, known.vocabulary) << p.size;
    EXPECT_EQ(parsed.max_positions, known.max_positions) << p.size;
    EXPECT_EQ(parsed.rope_theta, known.rope_theta) << p.size;
    EXPECT_EQ(parsed.norm_epsilon, known.norm_epsilon) << p.size;
    EXPECT_EQ(parsed.tied_head, known.tied_head) << p.size;
    EXPECT_EQ(parsed.head_dim(), p.head_dim) << p.size;
    EXPECT_EQ(parsed.end_tokens, std::vector<std::int32_t>{151645}) << p.size;
  }
}

TEST(QwenSizes, TheShapesHaveThePublishedNumberOfWeights) {
  for (const Published& p : kPublished) {
    const ModelConfig c = qwen_size(p.size);
    const double layer = double(c.qkv_rows()) * c.hidden + double(c.hidden) * c.hidden + 3.0 * c.hidden * c.intermediate;
    EXPECT_NEAR(layer * c.layers / 1e9, p.weights, p.weights * 0.01) << p.size;
  }
}

TEST(QwenSizes, ASlidingWindowInUseIsRefusedAtEverySize) {
  for (const Published& p : kPublished) {
    json used = json::parse(p.config);
    used["use_sliding_window"] = true;
    EXPECT_TRUE(says(refusal([&] { parse_config(used.dump(), "", p.size); }), "sliding window"));
  }
}

TEST(QwenSizes, OtherSizesAreRefused) {
  EXPECT_TRUE(says(refusal([] { qwen_size("9b"); }), "no Qwen2.5 of size 9b; there are 0.5b, 1.5b, 3b, 7b, 14b, 32b, 72b"));
  EXPECT_EQ(qwen_size("7B").layers, 28u);
}

}  // namespace
}  // namespace shardlm::io
