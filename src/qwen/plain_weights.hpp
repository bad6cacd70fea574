// Weights of the plaintext engine: floats in the execution space's memory, from a model file or from a checkpoint.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shardlm/core/types.hpp"
#include "shardlm/io/model_config.hpp"

namespace shardlm::qwen {

using Floats = Array<float>;
using FloatMatrix = Kokkos::View<float**, Kokkos::LayoutRight, Memory>;  // [outputs][inputs], or [tokens][channels]

struct PlainLayer {
  FloatMatrix qkv, o, gate_up, down;  // q, k, v rows one after the other; gate rows, then up rows
  Floats qkv_bias, attention_norm, mlp_norm;
};

struct PlainWeights {
  io::ModelConfig config;
  std::string tokenizer_json, chat_template;
  float score_scale = 1;  // of q k^T: 1 / sqrt(head_dim), unless q has it already
  std::vector<PlainLayer> layers;
  Floats final_norm;
  FloatMatrix head;
  std::function<void(std::size_t token, float* row)> embedding;  // one row, on the host
};

// From a checkpoint: the original weights. From a model file: its integers at their scales; norm gains and 1 / sqrt(head_dim)
// are in them, so norms multiply by the constant that is left, 2^gain / sqrt(hidden), and scores by 1.
PlainWeights load_plain_weights(const std::string& path);

// Every weight to the nearest bfloat16, the embedding's as they are read.
void round_to_bfloat16(PlainWeights& weights);

}  // namespace shardlm::qwen
