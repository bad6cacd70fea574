// All of Qwen2.5's layers on wires: prefill of many tokens, then one token a step, with keys and values kept.
#pragma once

#include "shardlm/qwen/model.hpp"

namespace shardlm::qwen {

constexpr int kLogitScale = kScale + kWeightScale;

class Decoder {
 public:
  // capacity: the most tokens this conversation will hold.
  Decoder(const Model& model, mpc::Party& party, std::size_t capacity);

  // Takes the client's shares of `tokens` embeddings [tokens][hidden] at kResidualScale, and gives it the shares of the logits
  // after the last one, [vocabulary] at kLogitScale in Z_{2^64}.
  void step(std::size_t tokens);

  std::size_t length() const { return cache_.empty() ? 0 : cache_[0].length(); }
  void truncate(std::size_t length);

 private:
  const Model& model_;
  mpc::Party& party_;
  std::vector<nn::KvCache> cache_;
};

// One layer: x + attention(norm(x)), then + mlp(norm(.)).
mpc::Shared apply(const Layer& layer, mpc::Party& party, const mpc::Shared& x, nn::KvCache& cache);

// What a conversation's steps cost one party, by counting: a prefill of `tokens` and `decoded` further tokens.
mpc::Costs predict(const Model& model, std::size_t tokens, std::size_t decoded);

}  // namespace shardlm::qwen
