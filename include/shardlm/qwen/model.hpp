// Qwen2.5 for private inference: the layers with their weights, public or secret, ready for the execution space.
#pragma once

#include "shardlm/io/model_file.hpp"
#include "shardlm/io/share_set.hpp"
#include "shardlm/nn/layers.hpp"

#include <memory>

namespace shardlm::qwen {

struct Layer {
  nn::RmsNorm attention_norm, mlp_norm;
  nn::Attention attention;
  nn::Mlp mlp;
};

class Model {
 public:
  // The file must outlive the model: on CPU its weights are used where they are mapped. secret_weights: it is a dealer's, whose servers
  // hold shares.
  explicit Model(const io::ModelFile& file, bool secret_weights = false);
  explicit Model(const io::ServerShare& share, int server);  // what a server holds of secret weights; the same
  // Shapes alone, for the Ledger.
  explicit Model(const io::ModelConfig& config, bool secret_weights = false);
  const io::ModelConfig& config() const { return config_; }
  const std::vector<Layer>& layers() const { return layers_; }
  const nn::RmsNorm& final_norm() const { return final_norm_; }
  const mpc::Linear& head() const { return head_; }

 private:
  void build();
  void keep_secret();
  template <class F>
  void for_each_matrix(const F& f);  // f(linear, name of its dataset), in the order of a share set's numbers
  io::ModelConfig config_;
  std::unique_ptr<nn::Tables> tables_;
  std::vector<Layer> layers_;
  nn::RmsNorm final_norm_;
  mpc::Linear head_;
};

// A layer of `config` without weights.
Layer layer_shape(const io::ModelConfig& config, const nn::Tables& tables);

}  // namespace shardlm::qwen
