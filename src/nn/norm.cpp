#include "by_binade.hpp"

#include <cmath>

namespace shardlm::nn {

ByBinade by_binade(Party& party, const crypto::CellTable& table, const Masked& x, int first, int last, const std::vector<int>& shifts,
                   const std::vector<Shared>& also, int scale) {
  std::vector<int> drops;
  std::vector<Word> knots;
  for (int e = first; e <= last; e += 2) {
    drops.push_back(e - kBinadeBits);
    if (e < last) knots.push_back(Word{1} << (e + 2));
  }
  const mpc::Bits inside = party.between(party.less_than(x, knots));
  const mpc::LookedUpCells cells = party.look_up(table, x, drops, scale);
  std::vector<Shared> wires{cells.value};
  wires.insert(wires.end(), also.begin(), also.end());
  Party::Opened opened = party.open(wires, {inside});
  const Shared parts = party.signed_select(opened.masked[0], cells.sign, opened.bits[0]);
  ByBinade out{weighted_sum(parts, shifts), {}};
  out.also.assign(opened.masked.begin() + 1, opened.masked.end());
  return out;
}

// 1/sqrt(v 2^-28) for v in [2^e, 2^(e+2)), e even: 2^-((e - 28) / 2) / sqrt(v / 2^e). The table's scale is 15 = 45 - FX;
// the shift by 16 - (e - 28) / 2, never negative, makes it 31.
Shared inverse_root(Party& party, const Tables& tables, const Masked& v) {
  std::vector<int> shifts;
  for (int e = kNormFirstExp; e <= kNormLastExp; e += 2) shifts.push_back(16 - (e - 2 * kSquareScale) / 2);
  Shared root = by_binade(party, tables.rsqrt, v, kNormFirstExp, kNormLastExp, shifts, {}, 15).value;
  root.scale += 16;
  return root;
}

// 1/x for x in [2^e, 2^(e+2)) at kSumScale: 2^-(e - 14) / (x / 2^e). The table's scale is 15; the shift 16 - (e - 14) makes it 31.
ByBinade inverse(Party& party, const Tables& tables, const Masked& total, std::size_t terms, const std::vector<Shared>& also) {
  // The last exponent of the pairs of binades: e sums to less than 2 N.
  const int top = kSumScale + int(std::ceil(std::log2(2.0 * double(terms))));
  const int last = kBinadeBits + (top - 1 - kBinadeBits) / 2 * 2;
  std::vector<int> shifts;
  for (int exponent = kBinadeBits; exponent <= last; exponent += 2) shifts.push_back(16 - (exponent - kSumScale));
  ByBinade sum = by_binade(party, tables.reciprocal, total, kBinadeBits, last, shifts, also, 15);
  sum.value.scale += 16;
  return sum;
}

Masked RmsNorm::operator()(Party& party, const Shared& x) const {
  const Masked opened = party.open(x);
  const Shared squares = party.sum_of_squares(reduce(opened, kResidualScale - kSquareScale));
  const Masked v = party.open(party.plus_public(squares, encode(double(hidden) * epsilon, 2 * kSquareScale)));
  const Masked r = party.open(inverse_root(party, *tables, v));
  const Masked unit = party.open(party.multiply(r, opened, mpc::ScaleRows()));  // scale 61, size at most 1
  Shared h = party.truncate(unit, unit.scale - kScale - gain);
  h.scale = kScale;  // 2^gain times as large
  return party.open(h);
}

}  // namespace shardlm::nn
