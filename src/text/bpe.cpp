#include "bpe.hpp"

#include <algorithm>
#include <functional>

namespace shardlm::text {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;
constexpr std::uint64_t kEmpty = ~std::uint64_t(0);  // no pair: tokens are not negative

std::uint64_t pair_of(Token left, Token right) { return std::uint64_t(std::uint32_t(left)) << 32 | std::uint32_t(right); }

}  // namespace

Bpe::Bpe(const std::vector<Rule>& rules, const std::array<Token, 256>& bytes) : bytes_(bytes) {
  int bits = 4;
  while (std::size_t(1) << bits < 2 * rules.size()) ++bits;
  shift_ = 64 - bits;
  slots_.assign(std::size_t(1) << bits, Slot{kEmpty, kNone, 0});
  for (std::size_t rank = 0; rank < rules.size(); ++rank) {
    const std::uint64_t pair = pair_of(rules[rank].left, rules[rank].right);
    std::size_t at = place(pair);
    while (slots_[at].pair != kEmpty && slots_[at].pair != pair) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {pair, std::uint32_t(rank), rules[rank].joined};
  }
}

const Bpe::Slot& Bpe::find(Token left, Token right) const {
  const std::uint64_t pair = pair_of(left, right);
  std::size_t at = place(pair);
  while (slots_[at].pair != kEmpty && slots_[at].pair != pair) at = (at + 1) & (slots_.size() - 1);
  return slots_[at];  // an empty slot has rank kNone
}

// Puts the pair that starts at `at` on the heap, if a rule joins it.
void Bpe::offer(std::uint32_t at, Scratch& s) const {
  s.rank[at] = kNone;
  if (s.next[at] == kNone) return;
  const Slot& slot = find(s.token[at], s.token[s.next[at]]);
  if (slot.rank == kNone) return;
  s.rank[at] = slot.rank;
  s.joined[at] = slot.joined;
  s.heap.push_back(std::uint64_t(slot.rank) << 32 | at);
  std::push_heap(s.heap.begin(), s.heap.end(), std::greater<>());
}

void Bpe::join(std::uint32_t at, Scratch& s) const {
  const std::uint32_t gone = s.next[at];
  s.token[at] = s.joined[at];
  s.next[at] = s.next[gone];
  s.rank[gone] = kNone;
  if (s.next[at] != kNone) s.previous[s.next[at]] = at;
  offer(at, s);
  if (s.previous[at] != kNone) offer(s.previous[at], s);
}

void Bpe::encode(std::string_view word, Scratch& s, std::vector<Token>& out) const {
  const std::uint32_t n = std::uint32_t(word.size());
  if (n == 0) return;
  s.token.resize(n);
  s.next.resize(n);
  s.previous.resize(n);
  s.rank.resize(n);
  s.joined.resize(n);
  s.heap.clear();
  for (std::uint32_t i = 0; i < n; ++i) {
    s.token[i] = bytes_[std::uint8_t(word[i])];
    s.next[i] = i + 1 < n ? i + 1 : kNone;
    s.previous[i] = i > 0 ? i - 1 : kNone;
  }
  for (std::uint32_t i = 0; i < n; ++i) offer(i, s);
  while (!s.heap.empty()) {
    const std::uint64_t least = s.heap.front();
    std::pop_heap(s.heap.begin(), s.heap.end(), std::greater<>());
    s.heap.pop_back();
    const std::uint32_t at = std::uint32_t(least), rank = std::uint32_t(least >> 32);
    if (s.rank[at] == rank) join(at, s);  // else a neighbour was joined away since
  }
  for (std::uint32_t i = 0; i != kNone; i = s.next[i]) out.push_back(s.token[i]);
}

}  // namespace shardlm::text
