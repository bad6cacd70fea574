// Tokens that stand beside the vocabulary and are found in text before it is split, such as <|im_end|>.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shardlm/text/tokenizer.hpp"

namespace shardlm::text {

class AddedTokens {
 public:
  AddedTokens();
  // `content` is not empty and not added yet.
  void add(std::string_view content, Token token, bool special);

  struct Match {
    std::size_t start, end;
    Token token;
  };
  // The next token in `text` at or after `from`: of those that start leftmost the longest. A special token that is not wanted
  // is passed over whole, with whatever token it contains, as Hugging Face does. False if there is none.
  bool find(std::string_view text, std::size_t from, bool special, Match& match) const;

 private:
  struct Node {
    Token token = -1;
    bool special = false;
  };
  std::vector<Node> nodes_;                                 // a trie over bytes, node 0 its root
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;  // node << 8 | byte -> node
  std::array<bool, 256> starts_{};                          // bytes with an edge from the root

  bool longest(std::string_view text, std::size_t at, Match& match, bool& is_special) const;
};

}  // namespace shardlm::text
