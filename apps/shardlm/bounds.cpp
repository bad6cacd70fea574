#include "bounds.hpp"

#include <algorithm>
#include <cmath>

#include "shardlm/core/numbers.hpp"

namespace shardlm::app {

std::vector<Bound> bounds(const io::ModelConfig& c) {
  using Range = qwen::LayerRange;
  const double cell = std::ldexp(1.0, kCellDrop - kScale), positions = double(c.max_positions);
  return {
      {"row norm", &Range::row_norm, std::ldexp(1.0, (kNormLastExp + 2) / 2 - kSquareScale),
       "the norm's table must have more binades (kNormLastExp)"},
      // The topmost cell's index may round up, to the lowest.
      {"gate", &Range::gate, std::ldexp(cell, c.silu_bits - 1) - cell,
       "convert the model again with --silu-bits " + std::to_string(c.silu_bits + 1) + " or more"},
      {"silu(gate) up", &Range::product, std::ldexp(1.0, 35 - kSiluScale), "SiLU's value must have fewer fractional bits (kSiluScale)"},
      // o is an average of v, below 2^16; the sum of e v over all positions, e at most 1, below 2^27.
      {"v", &Range::value, std::min(std::ldexp(1.0, 16), std::ldexp(1.0, 27) / positions),
       "the ring of attention's outputs must be larger (kActivationScale)"},
      {"score", &Range::score, std::ldexp(1.0, 19), "the ring of scores must be larger (kScale)"},
  };
}

Tightest tightest(const std::vector<Bound>& all, const qwen::Ranges& ranges) {
  Tightest worst;
  worst.margin = INFINITY;
  const auto consider = [&](std::size_t layer, std::size_t bound, double value) {
    const double margin = all[bound].bound / value;
    if (!(margin >= worst.margin)) worst = {layer, bound, value, margin};  // also where it is no number
  };
  for (std::size_t layer = 0; layer < ranges.layers.size(); ++layer)
    for (std::size_t bound = 0; bound < all.size(); ++bound) consider(layer, bound, double(ranges.layers[layer].*all[bound].value));
  consider(ranges.layers.size(), 0, double(ranges.last_norm));
  return worst;
}

}  // namespace shardlm::app
