// Qwen2.5 in ordinary floating point, the oracle for everything private.
//
// Qwen2.5: RMSNorm, grouped-query attention with RoPE and biases on q, k, v, SwiGLU; linear layers through KokkosBlas::gemm,
// and KokkosBlas::gemv for few tokens at a time. All in float, in the execution space's memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "shardlm/core/types.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::qwen {

// bfloat16: weights, and the result of every operation, rounded to bfloat16 (to nearest, ties to even); sums in float, as on GPUs.
enum class Precision { float32, bfloat16 };

// The largest values that a layer saw, in floating point: what the protocol's rings and tables must hold.
struct LayerRange {
  float row_norm = 0;  // of the residual, before either norm: sqrt(x x)
  float gate = 0;      // |gate|
  float product = 0;   // |silu(gate) up|
  float value = 0;     // |v|
  float score = 0;     // |q k| / sqrt(head_dim)
};

struct Ranges {
  std::vector<LayerRange> layers;
  float last_norm = 0;  // the residual's row norm after the last layer
};

class PlainModel {
 public:
  // Either a model.h5 (the integers that the private engine runs on, as floats) or a Hugging Face folder (the original weights).
  explicit PlainModel(const std::string& path, Precision precision = Precision::float32);
  ~PlainModel();
  const io::ModelConfig& config() const;
  const std::string& tokenizer_json() const;
  const std::string& chat_template() const;
  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// One sequence: its keys and values.
class PlainSession {
 public:
  explicit PlainSession(const PlainModel& model);
  ~PlainSession();
  // Appends tokens; returns the logits after the last one, [vocabulary]. Throws Error, with the session as it was, for no
  // tokens, a token outside the vocabulary, or more positions than the model knows.
  // ranges, where given, grow to hold these tokens' values as well.
  std::vector<float> forward(const std::vector<std::int32_t>& tokens, Ranges* ranges = nullptr);
  std::size_t length() const;
  // Leaves so many positions empty: later tokens stand that much further from those before. What padding within a conversation amounts to.
  void skip(std::size_t positions);

 private:
  struct State;
  const PlainModel& model_;
  std::unique_ptr<State> state_;
};

}  // namespace shardlm::qwen
