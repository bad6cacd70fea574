// Byte-pair encoding of one word (Sennrich, Haddow, Birch, ACL'16, algorithm 1): of all neighbours that a rule joins, those of
// the earliest rule are joined first, the leftmost first, until no rule applies.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "shardlm/text/tokenizer.hpp"

namespace shardlm::text {

class Bpe {
 public:
  struct Rule {
    Token left, right, joined;
  };

  // Rules by rank, the earliest first; of two rules for the same pair the later counts, as in Hugging Face's file.
  // bytes: the token of every single byte.
  Bpe(const std::vector<Rule>& rules, const std::array<Token, 256>& bytes);

  // Buffers that calls may share, one thread at a time.
  struct Scratch {
    std::vector<Token> token;
    std::vector<std::uint32_t> next, previous, rank;
    std::vector<Token> joined;
    std::vector<std::uint64_t> heap;
  };
  // Appends the tokens of `word`, which is shorter than 2^31 bytes.
  void encode(std::string_view word, Scratch& scratch, std::vector<Token>& out) const;

 private:
  struct Slot {
    std::uint64_t pair;
    std::uint32_t rank;
    Token joined;
  };
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  int shift_ = 0;
  std::array<Token, 256> bytes_;

  const Slot& find(Token left, Token right) const;
  std::size_t place(std::uint64_t pair) const { return std::size_t(pair * 0x9E3779B97F4A7C15u >> shift_); }
  void offer(std::uint32_t at, Scratch& scratch) const;
  void join(std::uint32_t at, Scratch& scratch) const;
};

}  // namespace shardlm::text
