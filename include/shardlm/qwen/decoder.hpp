// All of Qwen2.5's layers on wires: prefill of many tokens, then one token a step, with keys and values kept.
#pragma once

#include "shardlm/qwen/model.hpp"

namespace shardlm::qwen {

constexpr int kLogitScale = kScale + kWeightScale;

// How wires are kept between operations: masked, openings merged; or additively shared, one operation at a time (nn/additive.hpp).
enum class Engine : std::uint32_t { masked = 0, additive = 1 };

// A conversation's keys and values. It outlives the requests whose parties fill it: a kept wire holds words, no stream.
class Decoder {
 public:
  // capacity: the most tokens this conversation will hold.
  Decoder(const Model& model, std::size_t capacity, Engine engine = Engine::masked);

  // Takes the client's shares of `tokens` embeddings [tokens][hidden] at kResidualScale, and gives it the shares of the logits
  // after the last one, [vocabulary] at kLogitScale in Z_{2^64}. party: of the same kind at each step, a server's, the dealer's or the Ledger.
  // padded, which is public: the step then takes, after the embeddings, the client's shares of one bias a token, [tokens] at scale 0: 0, or
  // kPaddingBias for padding, which later tokens do not see. It stands before the text: RoPE is relative, so a conversation that begins with
  // padding is the one without; later on it is a gap in the positions. Costs nothing more, neither here nor in the steps that follow.
  void step(mpc::Party& party, std::size_t tokens, bool padded = false);

  // The tokens that every layer holds. (A dealer that is stopped within a step has more in its first layers.)
  std::size_t length() const { return cache_.empty() ? 0 : cache_.back().length(); }
  std::size_t capacity() const { return capacity_; }
  Engine engine() const { return engine_; }
  // Forgets later tokens. Their masks are never used again: tokens that take their places bring fresh ones.
  void truncate(std::size_t length);
  // Makes room for so many tokens, where there is less.
  void extend(std::size_t capacity);
  // As if so many tokens had been taken: for the Ledger, to which a wire is a shape.
  void assume(std::size_t length);

 private:
  const Model& model_;
  std::size_t capacity_;
  Engine engine_;
  std::vector<nn::KvCache> cache_;
  nn::KeyBiases biases_;
};

// One layer: x + attention(norm(x)), then + mlp(norm(.)).
mpc::Shared apply(const Layer& layer, mpc::Party& party, const mpc::Shared& x, nn::KvCache& cache, Engine engine = Engine::masked,
                  const nn::KeyBiases& biases = nn::KeyBiases());

// What a turn's steps cost one party, by counting: a prefill of `tokens` after `past` kept ones, and `decoded` further tokens. Padding counts as
// tokens do, and costs nothing else.
mpc::Costs predict(const Model& model, std::size_t tokens, std::size_t decoded, std::size_t past = 0,
                   Engine engine = Engine::masked);

}  // namespace shardlm::qwen
