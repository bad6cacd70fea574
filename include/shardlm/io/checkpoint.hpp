// A Qwen2.5 checkpoint as Hugging Face lays it out: config.json, tokenizer.json, safetensors.
#pragma once

#include <string>

#include "shardlm/io/model_config.hpp"
#include "shardlm/io/safetensors.hpp"

namespace shardlm::io {

// Matrices are [outputs][inputs].
struct LayerTensors {
  FloatTensor attention_norm, mlp_norm;  // [hidden]
  FloatTensor q, k, v;                   // [heads or kv_heads * head_dim][hidden]
  FloatTensor q_bias, k_bias, v_bias;
  FloatTensor o;         // [hidden][hidden]
  FloatTensor gate, up;  // [intermediate][hidden]
  FloatTensor down;      // [hidden][intermediate]
};

class Checkpoint {
 public:
  // Reads the configuration and finds every tensor. Throws Error with one sentence where a file or a tensor is missing,
  // malformed or of the wrong shape.
  explicit Checkpoint(const std::string& folder);

  const ModelConfig& config() const { return config_; }
  const std::string& name() const { return name_; }  // the folder's
  const std::string& tokenizer_json() const { return tokenizer_json_; }
  const std::string& chat_template() const { return chat_template_; }  // may be empty

  LayerTensors layer(std::size_t index) const;
  const FloatTensor& embedding() const;   // [vocabulary][hidden]
  const FloatTensor& final_norm() const;  // [hidden]
  const FloatTensor& head() const;        // [vocabulary][hidden]; the embedding where they are tied
  const SafeTensors& tensors() const { return tensors_; }

 private:
  std::string name_, tokenizer_json_, chat_template_;
  ModelConfig config_;
  SafeTensors tensors_;
};

// Whether a path is a checkpoint's folder rather than a model file.
bool is_checkpoint(const std::string& path);

}  // namespace shardlm::io
