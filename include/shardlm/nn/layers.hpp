// Qwen2.5's layers as sequences of Party calls. Rounds of each stand beside it; L = ceil(log4 of the context's length).
#pragma once

#include "shardlm/core/numbers.hpp"
#include "shardlm/mpc/party.hpp"
#include "shardlm/nn/tables.hpp"

namespace shardlm::nn {

using mpc::Linear;
using mpc::Masked;
using mpc::Party;
using mpc::Shared;

// A power of a positive value whose size nobody may know. The value, a masked integer in [2^first, 2^(last + 2)), is compared
// with every second power of two, and the table, of the argument normalised to [1, 4), is read in every pair of binades at
// once; the bits pick the one that holds. shifts[i]: its result times 2^shift. Opens `also` in the same round. 1 round.
struct ByBinade {
  Shared value;
  std::vector<Masked> also;
};
ByBinade by_binade(Party& party, const crypto::CellTable& table, const Masked& x, int first, int last, const std::vector<int>& shifts,
                   const std::vector<Shared>& also, int scale);

// RMSNorm without its gain, which is in the weights that follow. x: [T][hidden] at kResidualScale -> [T][hidden] at kScale:
// 2^gain x / sqrt(x x + hidden eps). Row norms below 2^17. 6 rounds.
struct RmsNorm {
  std::size_t hidden;
  double epsilon;
  int gain;  // ceil(log2(sqrt(hidden)))
  const Tables* tables;
  Masked operator()(Party& party, const Shared& x) const;
};

// SwiGLU: down(silu(gate h) * up h). 2 rounds. gate_up: gate's rows, then up's.
struct Mlp {
  Linear gate_up, down;
  const Tables* tables;
  Shared operator()(Party& party, const Masked& h) const;  // [T][hidden] at kScale -> [T][hidden] at kResidualScale
};

// The keys and values of a conversation's tokens as kept wires: a kept wire keeps its mask and the servers' shares of it, only
// the products with it need fresh words. Room for `capacity` tokens is taken at once, so that nothing is copied as it fills.
class KvCache {
 public:
  KvCache(std::size_t kv_heads, std::size_t head_dim, std::size_t capacity) : heads_(kv_heads), dim_(head_dim), capacity_(capacity) {}
  std::size_t length() const { return length_; }
  std::size_t capacity() const { return capacity_; }
  void append(const Masked& keys, const Masked& values);  // [kv heads][T][d] each, with shares
  // The same of wires that stay shared. A cache holds one kind.
  void append(const Shared& keys, const Shared& values);
  void truncate(std::size_t length);                      // forgets later tokens
  void extend(std::size_t capacity);                      // makes room for so many, where there is less: copies what is kept
  void assume(std::size_t length);                        // of an empty cache: holds so many already, as shapes, to count costs
  const Masked& keys() const { return keys_; }            // [kv heads][capacity][d]
  const Masked& values() const { return values_; }
  Shared shared_keys() const { return {keys_.x, keys_.scale, keys_.ring, true}; }
  Shared shared_values() const { return {values_.x, values_.scale, values_.ring, true}; }

 private:
  void add(const Masked& keys, const Masked& values);
  void keep(Masked& kept, const Masked& fresh);
  std::size_t heads_, dim_, capacity_, length_ = 0;
  Masked keys_, values_;
};

// A bias for each position of a conversation, added to the scores of all queries with its key, in every layer: 0 for a token, kPaddingBias for
// padding. Shares of words at scale 0: only the client, who splits them, knows which positions are padding. Whether any step brought biases is
// public; the positions of one that brought none have zero. Adding them is local, and takes no dealt word: the dealer has no share.
class KeyBiases {
 public:
  explicit KeyBiases(std::size_t capacity = 0) : capacity_(capacity), first_(capacity) {}
  bool any() const { return first_ < capacity_; }
  void keep(const Shared& fresh, std::size_t at);  // [T]: of positions at .. at + T - 1
  void truncate(std::size_t length);               // forgets those of later positions
  void extend(std::size_t capacity);
  Shared added(const Shared& scores, const mpc::Causal& causal) const;  // to packed scores [heads][pairs], in their ring; exact

 private:
  std::size_t capacity_, first_;  // first_: the first position whose step brought biases
  Tensor shares_;                 // [capacity], once there are any
};

// Grouped-query causal attention with RoPE. qkv: q's rows, then k's, then v's, with biases; 1/sqrt(d) is in q. 7 + 2 L rounds.
struct Attention {
  std::size_t heads, kv_heads, head_dim;
  double rope_theta;
  Linear qkv, out;
  const Tables* tables;
  // [T][hidden] at kScale -> [T][hidden] at kResidualScale.
  Shared operator()(Party& party, const Masked& h, KvCache& cache, const KeyBiases& biases = KeyBiases()) const;
};

// Row maxima of packed causal scores [heads][pairs] -> [heads][T]: a tournament in groups of four, 2 rounds a level. A group's
// maximum is the sum of its values times [value beats all others]. Values are cut to 4 fractional bits before they are
// subtracted and compared exactly, so that ties have one winner; were differences cut instead, near ties could have none or two.
Masked row_maxima(Party& party, const Masked& scores, const mpc::Causal& causal);

// x cos + rotate_half(x) sin on shares, x: [heads][T][d], tokens at positions start .. start + T - 1; the scale grows by kRopeScale.
Shared rope(const Shared& x, std::size_t start, double theta);

}  // namespace shardlm::nn
