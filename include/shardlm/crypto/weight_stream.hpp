// Server 0's share of secret weights: a ChaCha stream that is generated as it is used, so that a 128-bit seed is all that is kept.
//
// Matrix number i of a share set, in panels of 8 rows (core/word_panels.hpp): word (row, column) is word row % 8 of block `column`
// of draw (i, row / 8), that is counter = column, nonce = (kWeightUse, row / 8, i); key = seed, then the share set's public number.
#pragma once

#include "shardlm/core/wipe.hpp"
#include "shardlm/core/word_gemm.hpp"
#include "shardlm/crypto/stream.hpp"

namespace shardlm::crypto {

using Seed = std::array<std::uint32_t, 4>;  // 128 secret bits

Key weight_key(const Seed& seed, const Salt& share_set);

class WeightStream : public WordSource {
 public:
  WeightStream(const Key& key, std::uint32_t matrix, std::size_t columns) : key_(key), matrix_(matrix), columns_(columns) {}
  ~WeightStream() override { wipe(key_.data(), sizeof key_); }
  const Word* columns(std::size_t panel, std::size_t first, std::size_t some, Word* room) const override;
  void panels(std::size_t first, std::size_t some, const Array<Word>& out) const override;

 private:
  Key key_;
  std::uint32_t matrix_;
  std::size_t columns_;
};

}  // namespace shardlm::crypto
