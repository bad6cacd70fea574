// What the protocol's rings and tables hold, beside what a model was seen to need.
#pragma once

#include <string>
#include <vector>

#include "shardlm/io/model_config.hpp"
#include "shardlm/qwen/plain.hpp"

namespace shardlm::app {

// A value that wraps ruins the answer without a sign, so every one of these must stay below its bound.
struct Bound {
  const char* name;  // of the value, as in a table's head
  float qwen::LayerRange::*value;
  double bound;
  std::string widen;  // what to do where it is too small
};

// docs/protocol.md, "Numbers", for this model's SiLU table and context.
std::vector<Bound> bounds(const io::ModelConfig& config);

// The value closest to its bound, over all layers and the last norm.
struct Tightest {
  std::size_t layer = 0;  // the number of layers: after the last
  std::size_t bound = 0;  // index into bounds
  double value = 0, margin = 0;
};
Tightest tightest(const std::vector<Bound>& bounds, const qwen::Ranges& ranges);

}  // namespace shardlm::app
