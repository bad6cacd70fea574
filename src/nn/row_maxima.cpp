#include "shardlm/nn/layers.hpp"

#include <algorithm>

namespace shardlm::nn {
namespace {

constexpr std::size_t kGroup = 4;

// Where one level's winners come from and go to: rows lie packed one after the other, the same for every head.
struct Level {
  std::vector<std::uint32_t> members[kGroup + 1];  // [size]: the groups of that size, member by member: [size][groups]
  std::vector<std::uint32_t> order;                // of the next level's values, in the concatenation of sizes 2, 3, 4 and singles
  std::vector<std::size_t> lengths;                // the next level's rows
};

Level plan(const std::vector<std::size_t>& lengths) {
  struct Group {
    std::size_t first, size;
  };
  std::vector<Group> groups;
  Level level;
  std::size_t at = 0;
  for (std::size_t length : lengths) {
    for (std::size_t i = 0; i < length; i += kGroup) groups.push_back({at + i, std::min(kGroup, length - i)});
    level.lengths.push_back((length + kGroup - 1) / kGroup);
    at += length;
  }
  std::size_t start[kGroup + 1] = {}, count[kGroup + 1] = {};
  for (const Group& g : groups) ++count[g.size];
  start[2] = 0;
  start[3] = count[2];
  start[4] = start[3] + count[3];
  start[1] = start[4] + count[4];
  std::size_t seen[kGroup + 1] = {};
  for (std::size_t size = 1; size <= kGroup; ++size) level.members[size].resize(size * count[size]);
  for (const Group& g : groups) {
    for (std::size_t q = 0; q < g.size; ++q) level.members[g.size][q * count[g.size] + seen[g.size]] = std::uint32_t(g.first + q);
    level.order.push_back(std::uint32_t(start[g.size] + seen[g.size]++));
  }
  return level;
}

// [heads][n] -> [heads][columns]: the given columns of every head.
Tensor pick(const Tensor& x, const Array<const std::uint32_t>& columns) {
  const std::size_t n = x.extent(1), count = columns.size();
  return gather(
      x, {x.extent(0), count}, KOKKOS_LAMBDA(const std::size_t i) { return i / count * n + columns(i % count); });
}

Masked pick(const Masked& x, const std::vector<std::uint32_t>& columns) {
  const Array<const std::uint32_t> at = to_device(columns);
  return moved(x, [&](const Tensor& t) { return pick(t, at); });
}

// Part p of the first axis of [parts][heads][n], as [heads][n].
Tensor part(const Tensor& x, std::size_t p) {
  const Shape shape{x.extent(1), x.extent(2)};
  const std::size_t offset = p * volume(shape);
  return gather(
      x, shape, KOKKOS_LAMBDA(const std::size_t i) { return offset + i; });
}

// Parts [heads][n_j] side by side: [heads][sum n_j].
Tensor beside(const std::vector<Tensor>& parts) {
  std::size_t total = 0;
  for (const Tensor& t : parts) total += t.extent(1);
  const std::size_t heads = parts[0].extent(0);
  if (!parts[0].concrete()) return Tensor({heads, total});
  const Array<Word> out = uninitialized<Word>("shardlm::nn::beside", heads * total);
  std::size_t first = 0;
  for (const Tensor& t : parts) {
    const std::size_t n = t.extent(1), at = first;
    const Array<Word> in = t.data();
    Kokkos::parallel_for(
        "shardlm::nn::beside", Kokkos::RangePolicy<Exec>(0, in.size()),
        KOKKOS_LAMBDA(const std::size_t i) { out(i / n * total + at + i % n) = in(i); });
    first += n;
  }
  return Tensor({heads, total}, out);
}

// Groups of one size: their members and every comparison of two of them.
struct Bout {
  std::vector<Masked> members;                          // each [heads][groups]
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  mpc::Bits less;                                       // [pairs][heads][groups]: member p < member q, for p < q
};

Bout compare(Party& party, const Masked& x, const std::vector<std::uint32_t>& columns, std::size_t size) {
  const std::size_t groups = columns.size() / size;
  Bout bout;
  std::vector<Masked> cut;
  for (std::size_t q = 0; q < size; ++q) {
    bout.members.push_back(pick(x, {columns.begin() + q * groups, columns.begin() + (q + 1) * groups}));
    cut.push_back(reduce(bout.members.back(), x.scale - kMaxFractionBits));
  }
  std::vector<Tensor> differences;
  for (std::size_t q = 0; q < size; ++q)
    for (std::size_t p = 0; p < q; ++p) {
      bout.pairs.emplace_back(p, q);
      differences.push_back((cut[p] - cut[q]).x);
    }
  Masked all{concatenate(differences), cut[0].scale, cut[0].ring, false, {}};
  bout.less = party.less_than(all, {0});
  bout.less.x = bout.less.x.reshaped({bout.pairs.size(), x.x.extent(0), groups});
  return bout;
}

// The sum over members of the member times [it beats all others].
Shared winner(Party& party, const Bout& bout, const mpc::Bit& less) {
  Shared total;
  for (std::size_t p = 0; p < bout.members.size(); ++p) {
    std::vector<mpc::Bit> wins;
    for (std::size_t i = 0; i < bout.pairs.size(); ++i) {
      const auto [a, b] = bout.pairs[i];
      if (a != p && b != p) continue;
      const std::size_t at = i;
      const mpc::Bit bit = moved(less, [&](const Tensor& t) { return part(t, at); });
      wins.push_back(b == p ? bit : ~bit);
    }
    const Shared share = party.select(bout.members[p], wins);
    total = p == 0 ? share : total + share;
  }
  return total;
}

}  // namespace

Masked row_maxima(Party& party, const Masked& scores, const mpc::Causal& causal) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i < causal.tokens; ++i) lengths.push_back(causal.length(i));
  Masked values = scores;
  while (*std::max_element(lengths.begin(), lengths.end()) > 1) {
    const Level level = plan(lengths);
    std::vector<Bout> bouts;
    std::vector<mpc::Bits> comparisons;
    for (std::size_t size = 2; size <= kGroup; ++size)
      if (!level.members[size].empty()) {
        bouts.push_back(compare(party, values, level.members[size], size));
        comparisons.push_back(bouts.back().less);
      }
    const Party::Opened less = party.open({}, comparisons);
    std::vector<Shared> winners;
    for (std::size_t i = 0; i < bouts.size(); ++i) winners.push_back(winner(party, bouts[i], less.bits[i]));
    std::vector<Masked> tops = party.open(winners).masked;
    if (!level.members[1].empty()) tops.push_back(pick(values, level.members[1]));

    std::vector<Tensor> parts;
    for (const Masked& top : tops) parts.push_back(top.x);
    const Masked joined{beside(parts), values.scale, values.ring, false, {}};
    values = pick(joined, level.order);
    lengths = level.lengths;
  }
  return values;
}

}  // namespace shardlm::nn
