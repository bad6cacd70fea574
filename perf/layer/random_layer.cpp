#include "random_layer.hpp"

namespace shardlm::perf {

io::ModelConfig shape(const std::string& name) {
  io::ModelConfig c;
  if (name == "0.5b") {
    c.hidden = 896, c.heads = 14, c.kv_heads = 2, c.intermediate = 4864;
  } else if (name == "1.5b") {
    c.hidden = 1536, c.heads = 12, c.kv_heads = 2, c.intermediate = 8960;
  } else if (name == "7b") {
    c.hidden = 3584, c.heads = 28, c.kv_heads = 4, c.intermediate = 18944;
  } else {
    throw Error("no shape is called '" + name + "'; there are 0.5b, 1.5b and 7b");
  }
  c.layers = 1;
  c.vocabulary = 1;
  return c;
}

// Weights of about 0.02, as trained ones have: the packed words in any order are as good as others.
void RandomLayer::fill(mpc::Linear& linear, int planes) {
  std::vector<std::int16_t> packed(std::size_t(planes) * plane_words(linear.rows, linear.columns));
  std::uint64_t state = linear.rows * 31 + linear.columns;
  for (std::int16_t& w : packed) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    w = std::int16_t(std::int32_t(state >> 33 & 2047) - 1024);
  }
  weights_.push_back(std::move(packed));
  exponents_.emplace_back(linear.rows, std::int8_t(0));
  PackedRows rows;
  rows.rows = linear.rows;
  rows.columns = linear.columns;
  rows.planes = planes;
  rows.weights = weights_.back().data();
  rows.exponents = exponents_.back().data();
  linear.weights = RingMatrix(rows);
}

RandomLayer::RandomLayer(const io::ModelConfig& config, const nn::Tables& tables) : layer_(qwen::layer_shape(config, tables)) {
  fill(layer_.attention.qkv, 2);
  fill(layer_.attention.out, 1);
  fill(layer_.mlp.gate_up, 1);
  fill(layer_.mlp.down, 1);
}

}  // namespace shardlm::perf
