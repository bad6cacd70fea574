// V2's operations on four real ranks, at the ends of their ranges: exact where they are, within a table's error where they are not.
#include "four_ranks.hpp"

#include "shardlm/nn/additive.hpp"

#include <cmath>

namespace shardlm {
namespace {

using mpc::Party;
using mpc::Shared;
using nn::Additive;
using testing::known_words;
using testing::Request;
using testing::result;

// Never destroyed: its device memory would outlive Kokkos, whose end comes before that of static objects.
const nn::Tables& tables() {
  static const nn::Tables* const one = new nn::Tables(kSiluBits);
  return *one;
}

std::vector<Word> encoded(const std::vector<double>& x, int scale) {
  std::vector<Word> w(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) w[i] = encode(x[i], scale);
  return w;
}

// What an operation makes of values at a scale, many times each, as real numbers; and how many rounds it takes.
std::vector<double> results(const std::vector<double>& x, int scale, int result_scale, std::uint64_t rounds,
                            const std::function<Shared(const Additive&, const Shared&)>& operation) {
  const Request request;
  const std::vector<Word> got = result(request, 64, [&](Party& p) {
    const Shared y = operation(Additive(p), request.share(encoded(x, scale), {x.size()}, scale, 64));
    EXPECT_EQ(y.scale, result_scale);
    if (request.server()) {
      EXPECT_EQ(p.costs().rounds, rounds);
    }
    return y;
  });
  std::vector<double> real(got.size());
  for (std::size_t i = 0; i < got.size(); ++i) real[i] = decode(got[i], result_scale);
  return real;
}

std::vector<double> many(std::initializer_list<double> values) {
  std::vector<double> x;
  for (double v : values) x.insert(x.end(), 100, v);
  return x;
}

TEST(Additive, ProductsAreExact) {
  const std::vector<Word> a = known_words(60, 64, 1), b = known_words(60, 64, 2), few = known_words(6, 64, 3);
  const auto product = [&](const mpc::Bilinear& op, const std::vector<Word>& left, const Shape& shape) {
    const Request request;
    return result(request, 64, [&](Party& p) {
      return Additive(p).multiply(request.share(left, shape, 3, 64), request.share(b, {6, 10}, 4, 64), op);
    });
  };
  std::vector<Word> each(60), rows(6, 0), scaled(60);
  for (std::size_t i = 0; i < 60; ++i) {
    each[i] = a[i] * b[i];
    rows[i / 10] += a[i] * b[i];
    scaled[i] = few[i / 10] * b[i];
  }
  EXPECT_EQ(product(mpc::Elementwise(), a, {6, 10}), each);
  EXPECT_EQ(product(mpc::RowProducts(), a, {6, 10}), rows);
  EXPECT_EQ(product(mpc::ScaleRows(), few, {6}), scaled);
}

TEST(Additive, ASumOfSquaresIsExactAndOpensItsOperandOnce) {
  const Request request;
  const std::vector<Word> a = known_words(60, 64, 1);
  std::vector<Word> want(6, 0);
  for (std::size_t i = 0; i < 60; ++i) want[i / 10] += a[i] * a[i];
  EXPECT_EQ(result(request, 64,
                   [&](Party& p) {
                     const Shared y = Additive(p).sum_of_squares(request.share(a, {6, 10}, 3, 64));
                     if (request.server()) {
                       EXPECT_EQ(p.costs().opened_bytes, 60 * 8u);
                     }
                     return y;
                   }),
            want);
}

TEST(Additive, TruncationIsTheFloorOrOneMore) {
  const double top = std::ldexp(1.0, 44);
  const std::vector<double> x = many({0, -1.0 / 1024, 3.5, -top, top});  // |x| 2^(15 - 13) < 2^(64 - 13 - 2)
  const std::vector<double> y = results(x, 15, 2, 1, [](const Additive& a, const Shared& s) { return a.truncate(s, 13); });
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_GE(y[i], x[i] - 0.25);
    ASSERT_LE(y[i], x[i] + 0.25);
  }
}

// The last is within the bound, 128 - 1/16.
TEST(Additive, SiluIsRightAtTheEndsOfItsTable) {
  const std::vector<double> x = many({-127.99, -16.01, -15.9, -1.3, -0.001, 0, 0.001, 1.3, 15.9, 16.01, 100, 127.9});
  const std::vector<double> y =
      results(x, kScale, kSiluScale, 2, [](const Additive& a, const Shared& s) { return a.silu(tables(), s); });
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y[i], x[i] / (1 + std::exp(-x[i])), 2e-3) << x[i];
}

TEST(Additive, ExpIsRightInItsWindowAndZeroFarBelow) {
  const std::vector<double> x = many({-1048575, -524288, -17, -15.9, -8, -1, -0.01, 0, 0.2});
  const std::vector<double> y = results(x, kScale, kExpScale, 2, [](const Additive& a, const Shared& s) { return a.exp(tables(), s); });
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y[i], std::exp(x[i]), 2e-3 * std::exp(x[i]) + 1e-5) << x[i];
}

TEST(Additive, DenominatorsOfEverySizeAreInverted) {
  const std::vector<double> x = many({0.97, 1, 1.999, 3.999, 4, 300, 65535.9, 131071, 261000});
  const std::vector<double> y = results(x, kSumScale, 31, 2, [](const Additive& a, const Shared& s) { return a.inverse(tables(), s, 131072); });
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y[i] * x[i], 1, 1e-3) << x[i];
}

TEST(Additive, RootsOfEverySizeAreInverted) {
  const std::vector<double> x = many({6.2e-5, 1, 3.999, 4, 1e6, 1.7e10});  // up to row norms of 2^17
  const std::vector<double> y =
      results(x, 2 * kSquareScale, 31, 2, [](const Additive& a, const Shared& s) { return a.inverse_root(tables(), s); });
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y[i] * std::sqrt(x[i]), 1, 1e-3) << x[i];
}

TEST(Additive, TheMaximumOfScoresAtTheEndsOfTheirRange) {
  const Request request;
  const mpc::Causal causal{3, 2};  // rows of 4 and 5 scores
  const std::vector<double> x{-524287, 524287, 0, 1, -524287, -524288, -3, -3, -524288};
  const std::vector<Word> got = result(request, 64, [&](Party& p) {
    return Additive(p).row_maxima(request.share(encoded(x, kScale), {1, x.size()}, kScale, 64), causal);
  });
  EXPECT_NEAR(decode(got[0], kScale), 524287, 0.15);
  EXPECT_NEAR(decode(got[1], kScale), -3, 0.15);
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
  const std::vector<Word> e = result(request, 64, [&](Party& p) {
    nn::KeyBiases biases(keys);
    biases.keep(request.share(padding, {keys}, 0, 64), 0);
    const Additive a(p);
    const Shared x = a.truncate(biases.added(request.share(encoded(scores, 30), {heads, keys}, 30, 64), causal), 30 - kScale);
    return a.exp(tables(), x - moved(a.row_maxima(x, causal), [&](const Tensor& t) { return spread(t, keys); }));
  });
  std::vector<double> real;
  for (Word w : e) real.push_back(decode(w, kExpScale));
  return real;
}

// Scores as far apart as padding may be from what it must not hide; and the largest that fit their ring with the bias.
TEST(Additive, PaddingWeighsNothingAmongTokensAndAmongItselfWhatItWouldWithoutBias) {
  const double most = std::ldexp(1.0, 16) - 16, ring = 3 * std::ldexp(1.0, 17) - 1;
  const Word hidden = encode(kPaddingBias, 0);
  const std::vector<double> mixed = weights({most, -most, -most, 3 - most, 0, 0, 0, 0}, {hidden, hidden, 0, 0});
  const std::vector<double> want{0, 0, std::exp(-3), 1, 0, 0, 1, 1};
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    if (i % 4 < 2) {
      ASSERT_EQ(mixed[i], 0.0) << i;  // not one bit
    } else {
      ASSERT_NEAR(mixed[i], want[i], 2e-3) << i;
    }
  }
  const std::vector<double> alone = weights({-ring, -ring - 1, -ring - 2, ring, -ring, ring - 1}, {hidden, hidden, hidden});
  const std::vector<double> same{1, std::exp(-1), std::exp(-2), 1, 0, std::exp(-1)};
  for (std::size_t i = 0; i < alone.size(); ++i) ASSERT_NEAR(alone[i], same[i], 2e-3) << i;
}

}  // namespace
}  // namespace shardlm
