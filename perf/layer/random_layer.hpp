// A layer of a published Qwen2.5 shape with random weights, the same on every rank.
#pragma once

#include "shardlm/qwen/model.hpp"

#include <string>

namespace shardlm::perf {

// "0.5b", "1.5b" or "7b"; throws Error for another name.
io::ModelConfig shape(const std::string& name);

class RandomLayer {
 public:
  // secret: of a server (0 or 1) shares alone, of another rank (-1) the weights, which nobody may know.
  RandomLayer(const io::ModelConfig& config, const nn::Tables& tables, bool secret = false, int server = -1);
  const qwen::Layer& layer() const { return layer_; }

 private:
  void fill(mpc::Linear& linear, int planes);
  void share(mpc::Linear& linear, int server);
  std::uint32_t shares_ = 0;
  std::vector<std::vector<std::int16_t>> weights_;
  std::vector<std::vector<std::int8_t>> exponents_;
  qwen::Layer layer_;
};

}  // namespace shardlm::perf
