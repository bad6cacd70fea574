// Qwen2.5's layers as a textbook would have them: every operation takes additive shares and returns additive shares, opens what it
// needs under fresh masks (Beaver, CRYPTO'91), one operation after the other. Nothing is merged and nothing stays masked.
//
// The operations open their operands and call Party's, so gates, kernels and rings are those of the masked wires in layers.hpp; what
// differs is what those save. Rounds stand beside each; L = ceil(log4 of the context's length). With secret weights a linear layer
// opens its operand: 1 round more.
#pragma once

#include "shardlm/nn/layers.hpp"

namespace shardlm::nn {

// Operations on shares in Z_{2^64}.
class Additive {
 public:
  explicit Additive(Party& party) : party_(party) {}

  Shared linear(const Linear& layer, const Shared& x) const;                                  // W x + bias. 0
  Shared truncate(const Shared& x, int bits) const;                                           // 1
  Shared multiply(const Shared& a, const Shared& b, const mpc::Bilinear& op) const;           // 1
  Shared sum_of_squares(const Shared& x) const;                                               // of each row. 1
  Shared silu(const Tables& tables, const Shared& x) const;                                   // 2
  Shared exp(const Tables& tables, const Shared& x) const;                                    // 2
  Shared inverse_root(const Tables& tables, const Shared& squares) const;                     // 2
  Shared inverse(const Tables& tables, const Shared& total, std::size_t terms) const;         // 2
  Shared row_maxima(const Shared& scores, const mpc::Causal& causal) const;                   // 1 + 2 L

 private:
  // Opened in Z_{2^ring}: shares' low bits are shares of the low bits, so a value that is small needs a small ring.
  Masked open(const Shared& x, int ring = 64) const;
  Shared without_sign(const mpc::LookedUp& looked, const Masked& x) const;  // the line in a cell, its sign removed. 1
  Party& party_;
};

// [T][hidden] at kResidualScale -> [T][hidden] at kScale. 6 rounds.
Shared additive_norm(const RmsNorm& norm, Party& party, const Shared& x);
// [T][hidden] at kScale -> [T][hidden] at kResidualScale. 15 + 2 L rounds.
Shared additive_attention(const Attention& attention, Party& party, const Shared& h, KvCache& cache, const KeyBiases& biases = KeyBiases());
// The same. 5 rounds.
Shared additive_mlp(const Mlp& mlp, Party& party, const Shared& h);

}  // namespace shardlm::nn
