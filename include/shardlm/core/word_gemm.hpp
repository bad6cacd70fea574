// Y = X W^T mod 2^64 where both are ring words: a server's share of secret weights times masked values.
//
// Four times the memory of int16 weights, and full 64-bit products: vpmullq on AVX-512, pmuludq in parts elsewhere. Weights come
// from a source, some panels at a time, so that they need never be in memory whole: a mapped file, or a stream that is generated
// as it is used (crypto/weight_stream.hpp).
#pragma once

#include "shardlm/core/types.hpp"
#include "shardlm/core/word_panels.hpp"

namespace shardlm {

// Where panels come from.
class WordSource {
 public:
  virtual ~WordSource() = default;
  // For the host: the words [some columns][8] of a panel from column `first` on, a multiple of 16: where they lie, or in `room`.
  virtual const Word* columns(std::size_t panel, std::size_t first, std::size_t some, Word* room) const = 0;
  // For a device: panels first .. first + some - 1 into `out`, [some][columns][8] of device memory.
  virtual void panels(std::size_t first, std::size_t some, const Array<Word>& out) const = 0;
};

// x: [tokens][columns], y: [tokens][rows], row-major. Bit-exact on every backend. Throws Error where an extent is not exactly that.
void word_gemm(const WordSource& source, std::size_t rows, std::size_t columns, const Array<const Word>& x, std::size_t tokens,
               const Array<Word>& y);

}  // namespace shardlm
