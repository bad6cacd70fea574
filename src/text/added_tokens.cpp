#include "added_tokens.hpp"

namespace shardlm::text {

AddedTokens::AddedTokens() : nodes_(1) {}

void AddedTokens::add(std::string_view content, Token token, bool special) {
  std::uint32_t node = 0;
  starts_[std::uint8_t(content.front())] = true;
  for (const char c : content) {
    const auto [edge, fresh] = edges_.try_emplace(std::uint64_t(node) << 8 | std::uint8_t(c), std::uint32_t(nodes_.size()));
    if (fresh) nodes_.emplace_back();
    node = edge->second;
  }
  nodes_[node] = {token, special};
}

bool AddedTokens::longest(std::string_view text, std::size_t at, Match& match, bool& is_special) const {
  bool found = false;
  std::uint32_t node = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    const auto edge = edges_.find(std::uint64_t(node) << 8 | std::uint8_t(text[i]));
    if (edge == edges_.end()) break;
    node = edge->second;
    if (nodes_[node].token < 0) continue;
    match = {at, i + 1, nodes_[node].token};
    is_special = nodes_[node].special;
    found = true;
  }
  return found;
}

bool AddedTokens::find(std::string_view text, std::size_t from, bool special, Match& match) const {
  if (edges_.empty()) return false;
  for (std::size_t at = from; at < text.size();) {
    bool is_special = false;
    if (!starts_[std::uint8_t(text[at])] || !longest(text, at, match, is_special)) {
      ++at;
    } else if (is_special && !special) {
      at = match.end;
    } else {
      return true;
    }
  }
  return false;
}

}  // namespace shardlm::text
