// The look-up tables of the nonlinear functions, the same on all ranks.
//
// SiLU and exp: a line in the argument's remainder on cells of 1/16, fitted over (cell - 1/16, cell + 1/16), because the index
// rounds at random: it is floor or one more. 1/sqrt and 1/x: constant cells of an argument normalised to [1, 4).
#pragma once

#include "shardlm/crypto/dpf.hpp"

#include <vector>

namespace shardlm::nn {

struct Tables {
  explicit Tables(int silu_bits);
  crypto::LineTable silu;      // values at kSiluScale, slopes at kSiluScale - kScale
  crypto::WindowTable exp;     // values at kExpScale, slopes at kExpScale - kScale
  crypto::CellTable rsqrt;     // 1/sqrt(z), z in [1, 4) at kBinadeBits, scale 15
  crypto::CellTable reciprocal;// 1/z, the same
};


}  // namespace shardlm::nn
