#include "shardlm/qwen/model.hpp"

namespace shardlm::qwen {
namespace {

mpc::Linear shape(std::size_t rows, std::size_t columns, int scale) {
  mpc::Linear layer;
  layer.rows = rows;
  layer.columns = columns;
  layer.scale = scale;
  return layer;
}

void load(mpc::Linear& layer, const io::ModelFile& file, const std::string& dataset) {
  const io::MappedRows rows = file.rows(dataset);
  if (rows.rows != layer.rows || rows.columns != layer.columns)
    throw Error(dataset + " has " + std::to_string(rows.rows) + " x " + std::to_string(rows.columns) + " weights instead of " +
                std::to_string(layer.rows) + " x " + std::to_string(layer.columns));
  PackedRows packed;
  packed.rows = rows.rows;
  packed.columns = rows.columns;
  packed.planes = rows.planes;
  packed.weights = rows.weights;
  packed.exponents = rows.exponents;
  layer.weights = RingMatrix(packed);
}

Array<const Word> load_bias(const io::ModelFile& file, std::size_t layer, std::size_t rows) {
  const std::int64_t* bias = file.qkv_bias(layer);
  return to_device(std::vector<Word>(bias, bias + rows), {rows}).data();
}

}  // namespace

Layer layer_shape(const io::ModelConfig& c, const nn::Tables& tables) {
  Layer layer;
  layer.attention_norm = {c.hidden, c.norm_epsilon, c.gain(), &tables};
  layer.mlp_norm = layer.attention_norm;
  layer.attention = {c.heads,
                     c.kv_heads,
                     c.head_dim(),
                     c.rope_theta,
                     shape(c.qkv_rows(), c.hidden, kWideWeightScale),
                     shape(c.hidden, c.heads * c.head_dim(), kWeightScale),
                     &tables};
  layer.mlp = {shape(2 * c.intermediate, c.hidden, kWeightScale), shape(c.hidden, c.intermediate, kWeightScale), &tables};
  return layer;
}

void Model::build() {
  tables_ = std::make_unique<nn::Tables>(config_.silu_bits);
  layers_.assign(config_.layers, layer_shape(config_, *tables_));
  final_norm_ = {config_.hidden, config_.norm_epsilon, config_.gain(), tables_.get()};
  head_ = shape(config_.vocabulary, config_.hidden, kWeightScale);
}

Model::Model(const io::ModelConfig& config, bool secret_weights) : config_(config) {
  build();
  if (secret_weights) keep_secret();
}

void Model::keep_secret() {
  for (Layer& layer : layers_)
    for (mpc::Linear* linear : {&layer.attention.qkv, &layer.attention.out, &layer.mlp.gate_up, &layer.mlp.down}) linear->secret = true;
  head_.secret = true;
}

Model::Model(const io::ModelFile& file) : config_(file.config()) {
  build();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string at = "layers/" + std::to_string(i) + "/";
    Layer& layer = layers_[i];
    load(layer.attention.qkv, file, at + "qkv");
    layer.attention.qkv.bias = load_bias(file, i, layer.attention.qkv.rows);
    load(layer.attention.out, file, at + "o");
    load(layer.mlp.gate_up, file, at + "gate_up");
    load(layer.mlp.down, file, at + "down");
  }
  load(head_, file, "head");
}

}  // namespace shardlm::qwen
