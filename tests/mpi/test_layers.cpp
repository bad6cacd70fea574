// The layers' nonlinear parts on four real ranks against real arithmetic, at the ends of their ranges.
#include "four_ranks.hpp"

#include "shardlm/nn/layers.hpp"

#include <cmath>

namespace shardlm {
namespace {

using mpc::Masked;
using mpc::Party;
using mpc::Shared;
using testing::known_words;
using testing::Request;
using testing::reveal;

// Never destroyed: its device memory would outlive Kokkos, whose end comes before that of static objects.
const nn::Tables& tables() {
  static const nn::Tables* const one = new nn::Tables(kSiluBits);
  return *one;
}

double uniform(Word w) { return std::ldexp(double(w >> 11), -53); }

std::vector<double> normals(std::size_t n, std::uint32_t seed) {
  const std::vector<Word> w = known_words(2 * n, 64, seed);
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = std::sqrt(-2 * std::log(1 - uniform(w[2 * i]))) * std::cos(6.283185307179586 * uniform(w[2 * i + 1]));
  return x;
}

std::vector<Word> encoded(const std::vector<double>& x, int scale, int ring = 64) {
  std::vector<Word> w(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) w[i] = encode(x[i], scale, ring);
  return w;
}

TEST(RowMaxima, HaveOneWinnerUnderNearTies) {
  for (std::size_t tokens : {1, 2, 3, 5, 9, 19})
    for (double spread : {0.0, 0.01, 0.2, 300.0}) {
      const Request request;
      const mpc::Causal causal{2, tokens};
      const std::size_t heads = 3, pairs = causal.pairs();
      std::vector<double> x = normals(heads * pairs, 70);
      for (double& v : x) v = v * spread + 40;
      Masked top;
      const std::uint64_t before = request.server() ? request.party().costs().rounds : 0;
      if (request.takes_part()) top = nn::row_maxima(request.party(), request.masked(encoded(x, kScale, 33), {heads, pairs}, kScale, 33), causal);
      if (request.server()) {
        EXPECT_EQ(request.party().costs().rounds - before, 1 + 2 * std::uint64_t(std::ceil(std::log(double(2 + tokens)) / std::log(4.0) - 1e-9)));
      }
      const std::vector<Word> got = reveal(request.takes_part() ? &top : nullptr, 33);
      for (std::size_t h = 0; h < heads; ++h)
        for (std::size_t i = 0; i < tokens; ++i) {
          double want = -1e9;
          for (std::size_t j = 0; j < causal.length(i); ++j) want = std::max(want, x[h * pairs + causal.offset(i) + j]);
          ASSERT_NEAR(decode(got[h * tokens + i], kScale, 33), want, 0.15) << tokens << " " << spread;
        }
    }
}

TEST(ByBinade, OneOverTheRootHoldsAtEverySizeAndInEveryTopmostCell) {
  const Request request;
  std::vector<Word> v;
  for (int e = kNormFirstExp; e <= kNormLastExp; e += 2) {
    for (int i = 0; i < 20; ++i) v.push_back((Word{1} << e) + known_words(20, 62, std::uint32_t(e))[i] % (Word{3} << e));
    v.insert(v.end(), 20, (Word{1} << (e + 2)) - 1);  // its neighbour wraps to cell 0
    v.push_back(Word{1} << e);
  }
  std::vector<int> shifts;
  for (int e = kNormFirstExp; e <= kNormLastExp; e += 2) shifts.push_back(16 - (e - 2 * kSquareScale) / 2);
  Shared r;
  if (request.takes_part())
    r = nn::by_binade(request.party(), tables().rsqrt, request.masked(v, {v.size()}, 2 * kSquareScale, 64), kNormFirstExp, kNormLastExp, shifts, {}, 15).value;
  const std::vector<Word> got = reveal(request.takes_part() ? &r : nullptr, 64);
  for (std::size_t i = 0; i < v.size(); ++i)
    ASSERT_NEAR(decode(got[i], 31) * std::sqrt(std::ldexp(double(v[i]), -2 * kSquareScale)), 1, 1e-3) << i << " " << v[i];
}

TEST(RmsNorm, IsRightForRowsOfEverySize) {
  struct Case {
    std::size_t hidden;
    std::vector<double> norms;
  };
  for (const Case& c : {Case{896, {0.4, 3, 900}}, Case{3584, {0.5, 13312}}, Case{8192, {2, 131000}}}) {
    const Request request;
    const std::size_t rows = c.norms.size();
    std::vector<double> x = normals(rows * c.hidden, 71);
    for (std::size_t r = 0; r < rows; ++r) {
      double squares = 0;
      for (std::size_t i = 0; i < c.hidden; ++i) squares += x[r * c.hidden + i] * x[r * c.hidden + i];
      for (std::size_t i = 0; i < c.hidden; ++i) x[r * c.hidden + i] *= c.norms[r] / std::sqrt(squares);  // the last is just below 2^17
    }
    const int gain = int(std::ceil(std::log2(std::sqrt(double(c.hidden)))));
    const nn::RmsNorm norm{c.hidden, 1e-6, gain, &tables()};
    Masked h;
    if (request.takes_part()) {
      h = norm(request.party(), request.share(encoded(x, kResidualScale), {rows, c.hidden}, kResidualScale, 64));
      if (request.server()) EXPECT_EQ(request.party().costs().rounds, 6u);
    }
    const std::vector<Word> got = reveal(request.takes_part() ? &h : nullptr, 64);
    for (std::size_t r = 0; r < rows; ++r) {
      double squares = 0, error = 0;
      for (std::size_t i = 0; i < c.hidden; ++i) squares += x[r * c.hidden + i] * x[r * c.hidden + i];
      const double scale = 1 / std::sqrt(squares / double(c.hidden) + 1e-6);
      for (std::size_t i = 0; i < c.hidden; ++i) {
        const double value = decode(got[r * c.hidden + i], kScale) * std::sqrt(double(c.hidden)) / std::ldexp(1.0, gain);
        error += std::pow(value - x[r * c.hidden + i] * scale, 2);
      }
      EXPECT_LT(std::sqrt(error / double(c.hidden)), 2e-3) << c.hidden << " " << c.norms[r];
    }
  }
}

TEST(Softmax, DenominatorsOfEverySizeAreInverted) {
  for (std::size_t context : {1, 19, 512, 32768})
    for (double total : {0.97, 1.3, 2.7, 30.0, 3000.0, 30000.0}) {
      if (total > double(context)) continue;
      const Request request;
      const std::size_t n = 300;
      const int last = kBinadeBits + (kSumScale + int(std::ceil(std::log2(2.0 * double(context)))) - 1 - kBinadeBits) / 2 * 2;
      std::vector<int> shifts;
      for (int e = kBinadeBits; e <= last; e += 2) shifts.push_back(16 - (e - kSumScale));
      Shared r;
      if (request.takes_part())
        r = nn::by_binade(request.party(), tables().reciprocal, request.masked(std::vector<Word>(n, encode(total, kSumScale)), {n}, kSumScale, 58), kBinadeBits, last,
                          shifts, {}, 15)
                .value;
      for (Word w : reveal(request.takes_part() ? &r : nullptr, 64)) ASSERT_NEAR(decode(w, 31) * total, 1, 1e-3) << context << " " << total;
    }
}

std::vector<Word> biases_of(std::initializer_list<int> padding) {
  std::vector<Word> biases;
  for (int is_padding : padding) biases.push_back(is_padding ? encode(kPaddingBias, 0) : 0);
  return biases;
}

// Kept in two steps with one between them that brought none, in either engine's ring of scores.
TEST(KeyBiases, AreAddedExactlyToTheScoresOfTheirKeysAndCostNothing) {
  const std::vector<Word> early = biases_of({1, 1, 0}), late = biases_of({1, 0});
  std::vector<Word> all(8, 0);
  std::copy(early.begin(), early.end(), all.begin() + 1);
  std::copy(late.begin(), late.end(), all.begin() + 6);
  const mpc::Causal causal{5, 3};
  const std::size_t heads = 2, pairs = causal.pairs();
  for (int ring : {51, 64})
    for (std::size_t kept : {8, 7, 4, 1, 0}) {
      const Request request;
      const std::vector<Word> scores = known_words(heads * pairs, ring, 5);
      Shared sum;
      if (request.takes_part()) {
        nn::KeyBiases biases(9);
        EXPECT_FALSE(biases.any());
        biases.keep(request.share(early, {3}, 0, 64), 1);
        biases.keep(request.share(late, {2}, 0, 64), 6);
        biases.truncate(kept);
        EXPECT_EQ(biases.any(), kept > 1);
        sum = biases.added(request.share(scores, {heads, pairs}, 30, ring), causal);
        EXPECT_EQ(sum.scale, 30);
        EXPECT_EQ(sum.ring, ring);
        EXPECT_FALSE(sum.held);
        EXPECT_EQ(request.party().costs(), mpc::Costs());
        EXPECT_THROW(biases.keep(request.share(late, {2}, 0, 64), 8), Error);
        EXPECT_THROW(biases.keep(request.share(late, {2}, 1, 64), 0), Error);
      }
      const std::vector<Word> got = reveal(request.takes_part() ? &sum : nullptr, ring);
      for (std::size_t h = 0; h < heads; ++h)
        for (std::size_t i = 0; i < causal.tokens; ++i)
          for (std::size_t j = 0; j < causal.length(i); ++j) {
            const std::size_t at = h * pairs + causal.offset(i) + j;
            ASSERT_EQ(got[at], low(scores[at] + (j < kept ? all[j] << 30 : 0), ring)) << ring << " " << kept << " " << i << " " << j;
          }
    }
}

// [heads][1] -> [heads][keys].
Tensor spread(const Tensor& x, std::size_t keys) {
  return gather(
      x, {x.extent(0), keys}, KOKKOS_LAMBDA(const std::size_t i) { return i / keys; });
}

// exp(score - maximum) of one query a head, as attention has it, in real numbers.
std::vector<double> weights(const std::vector<double>& scores, const std::vector<Word>& padding) {
  const Request request;
  const std::size_t keys = padding.size(), heads = scores.size() / keys;
  const mpc::Causal causal{keys - 1, 1};
  Masked e;
  if (request.takes_part()) {
    Party& p = request.party();
    nn::KeyBiases biases(keys);
    biases.keep(request.share(padding, {keys}, 0, 64), 0);
    const Masked all = p.open(biases.added(request.share(encoded(scores, 30, 51), {heads, keys}, 30, 51), causal));
    const Masked x = reduce(all, 30 - kScale);
    const Masked below = x - moved(nn::row_maxima(p, x, causal), [&](const Tensor& t) { return spread(t, keys); });
    const mpc::LookedUp line = p.look_up(tables().exp, below, kCellDrop, kExpScale, kExpScale - kScale);
    const Party::Opened opened = p.open({line.a, line.b});
    e = p.open(p.spline(opened.masked[0], opened.masked[1], line.sign, remainder(below, kCellDrop)));
  }
  std::vector<double> real;
  for (Word w : reveal(request.takes_part() ? &e : nullptr, 64)) real.push_back(decode(w, kExpScale));
  return real;
}

// Scores as far apart as padding may be from what it must not hide; and the largest that fit their ring with the bias.
TEST(KeyBiases, PaddingWeighsNothingAmongTokensAndAmongItselfWhatItWouldWithoutBias) {
  const double most = std::ldexp(1.0, 16) - 16, ring = 3 * std::ldexp(1.0, 17) - 1;
  const std::vector<double> x{most, -most, most, most, -most, -most - 1, 3 - most, -7, 0, 0, 0, 0, 0, 0};
  const std::vector<double> mixed = weights(x, biases_of({1, 1, 1, 1, 0, 0, 0}));
  const std::vector<double> want{0, 0, 0, 0, std::exp(-3), std::exp(-4), 1, 0, 0, 0, 0, 1, 1, 1};
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    if (i % 7 < 4) {
      ASSERT_EQ(mixed[i], 0.0) << i;  // not one bit
    } else {
      ASSERT_NEAR(mixed[i], want[i], 2e-3) << i;
    }
  }
  const std::vector<double> alone = weights({-ring, -ring - 1, -ring - 2, ring, -ring, ring - 1}, biases_of({1, 1, 1}));
  const std::vector<double> same{1, std::exp(-1), std::exp(-2), 1, 0, std::exp(-1)};
  for (std::size_t i = 0; i < alone.size(); ++i) ASSERT_NEAR(alone[i], same[i], 2e-3) << i;
}

TEST(Rope, TurnsHalvesAsInFloatingPoint) {
  const Request request;
  const std::size_t heads = 2, tokens = 3, dim = 8;
  const std::vector<double> x = normals(heads * tokens * dim, 72);
  Shared y;
  if (request.takes_part()) y = nn::rope(request.share(encoded(x, kActivationScale), {heads, tokens, dim}, kActivationScale, 64), 5, 1e4);
  const std::vector<Word> got = reveal(request.takes_part() ? &y : nullptr, 64);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % dim, t = i / dim % tokens;
    const double angle = double(5 + t) * std::pow(1e4, -double(2 * (c % 4)) / 8);
    const double other = c < 4 ? -x[i + 4] : x[i - 4];
    ASSERT_NEAR(decode(got[i], kActivationScale + kRopeScale), x[i] * std::cos(angle) + other * std::sin(angle), 2e-3);
  }
}

}  // namespace
}  // namespace shardlm
