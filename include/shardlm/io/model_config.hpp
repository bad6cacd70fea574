// The shape of a Qwen2.5 model, from a checkpoint's config.json or a model file's attributes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace shardlm::io {

struct ModelConfig {
  std::size_t hidden = 0, layers = 0, heads = 0, kv_heads = 0, intermediate = 0, vocabulary = 0;
  std::size_t max_positions = 32768;
  double rope_theta = 1e6, norm_epsilon = 1e-6;
  bool tied_head = true;
  int silu_bits = 12;                    // the SiLU table has 2^silu_bits cells of 1/16
  std::vector<std::int32_t> end_tokens;  // any of these ends an answer
  std::size_t head_dim() const { return hidden / heads; }
  std::size_t qkv_rows() const { return (heads + 2 * kv_heads) * head_dim(); }
  int gain() const;  // ceil(log2(sqrt(hidden))): sqrt(hidden) = 2^gain times the rest, which is in the weights
};

// Throws Error with one sentence about `where` unless the engine can run this shape: extents in their limits, heads a multiple
// of kv_heads, an even head_dim, hidden * norm_epsilon >= 2^-14 (below it the norm's sum of squares leaves its table), end
// tokens in the vocabulary.
void check(const ModelConfig& config, const std::string& where);

// From the texts of config.json and generation_config.json (empty where there is none). Throws Error for anything but a plain
// Qwen2: other architectures, sliding windows, RoPE scaling, quantised weights, another head_dim or activation.
ModelConfig parse_config(const std::string& config_json, const std::string& generation_json, const std::string& where);

}  // namespace shardlm::io
