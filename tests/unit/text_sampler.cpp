// Choosing a token: what each option keeps, and that draws have the probabilities they should have.
#include <cryptopp/chacha.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "shardlm/text/sampler.hpp"
#include "text_vectors.hpp"

namespace shardlm::text {
namespace {

using Logits = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

SamplerOptions options(double temperature, int top_k = 0, double top_p = 1, double penalty = 1) {
  SamplerOptions o;
  o.temperature = temperature;
  o.top_k = top_k;
  o.top_p = top_p;
  o.repetition_penalty = penalty;
  return o;
}

Logits logits_of(const std::vector<double>& probabilities) {
  Logits out;
  for (const double p : probabilities) out.push_back(float(std::log(p)));
  return out;
}

std::map<std::int32_t, int> draws(Sampler& sampler, const Logits& logits, int n, const std::vector<std::int32_t>& seen = {}) {
  std::map<std::int32_t, int> counts;
  for (int i = 0; i < n; ++i) ++counts[sampler.next(logits, seen)];
  return counts;
}

// Which tokens come in 400 draws. A kept token of probability 0.1 or more is missed once in 2e18 runs.
std::set<std::int32_t> drawn(const SamplerOptions& o, const Logits& logits, const std::vector<std::int32_t>& seen = {}) {
  Sampler sampler(o);
  std::set<std::int32_t> out;
  for (const auto& [token, count] : draws(sampler, logits, 400, seen)) out.insert(token);
  return out;
}

using Tokens = std::set<std::int32_t>;

TEST(Sampler, is_greedy_at_temperature_zero) { EXPECT_EQ(Sampler(options(0)).next({1, 5, -2, 4.5f}, {}), 1); }

TEST(Sampler, gives_ties_to_the_smaller_token) {
  EXPECT_EQ(Sampler(options(0)).next({1, 5, 5, 5}, {}), 1);
  EXPECT_EQ(drawn(options(1, 2), {3, 1, 3, 3, 3}), (Tokens{0, 2}));
}

TEST(Sampler, penalizes_each_seen_token_once) {
  EXPECT_EQ(Sampler(options(0, 0, 1, 2)).next({3, 5}, {1}), 0) << "5 / 2 < 3";
  EXPECT_EQ(Sampler(options(0, 0, 1, 2)).next({3, 7}, {1, 1, 1}), 1) << "7 / 2 > 3, however often seen";
  EXPECT_EQ(Sampler(options(0, 0, 1, 2)).next({-3, -2}, {1}), 0) << "-2 * 2 < -3";
  EXPECT_EQ(Sampler(options(0, 0, 1, 0.5)).next({3, 2}, {1}), 1) << "2 / 0.5 > 3";
  EXPECT_EQ(Sampler(options(0, 0, 1, 100)).next({-std::numeric_limits<float>::max(), -kInfinity}, {0, 1}), 0);
}

TEST(Sampler, keeps_the_best_k) {
  EXPECT_EQ(drawn(options(1, 2), {1, 1.5f, 0.9f, 1.2f}), (Tokens{1, 3}));
  EXPECT_EQ(drawn(options(1, 1), {1, 1.5f, 0.9f, 1.2f}), (Tokens{1}));
  EXPECT_EQ(drawn(options(1, 100), {1, 1, 1}), (Tokens{0, 1, 2}));
}

TEST(Sampler, keeps_the_fewest_tokens_that_reach_p) {
  const Logits logits = logits_of({0.2, 0.5, 0.3});
  EXPECT_EQ(drawn(options(1, 0, 0), logits), (Tokens{1}));
  EXPECT_EQ(drawn(options(1, 0, 0.49), logits), (Tokens{1}));
  EXPECT_EQ(drawn(options(1, 0, 0.51), logits), (Tokens{1, 2}));
  EXPECT_EQ(drawn(options(1, 0, 0.81), logits), (Tokens{0, 1, 2}));
}

TEST(Sampler, applies_penalty_then_temperature_then_k_then_p) {
  const Logits logits = logits_of({0.4, 0.3, 0.2, 0.1});
  EXPECT_EQ(drawn(options(1, 0, 0.5), logits), (Tokens{0, 1}));
  EXPECT_EQ(drawn(options(1, 2, 0.5), logits), (Tokens{0})) << "of the best two, the first has 0.57";
  EXPECT_EQ(drawn(options(0.5, 0, 0.5), logits), (Tokens{0})) << "squared and normalized, the first has 0.53";
  EXPECT_EQ(drawn(options(1, 1, 1, 2), {3, 4, 2}, {1}), (Tokens{0})) << "the penalty decides which is best";
}

TEST(Sampler, never_gives_a_token_of_minus_infinity) {
  EXPECT_EQ(drawn(options(50), {-kInfinity, 1, -kInfinity, 1}), (Tokens{1, 3}));
  EXPECT_EQ(drawn(options(1, 3, 0.999), {-kInfinity, 1, -kInfinity, 1}), (Tokens{1, 3}));
  EXPECT_EQ(Sampler(options(0)).next({-kInfinity, -7}, {}), 1);
}

TEST(Sampler, stands_extreme_logits_and_temperatures) {
  const float most = std::numeric_limits<float>::max();
  EXPECT_EQ(drawn(options(1), {most, -most, most}), (Tokens{0, 2}));
  EXPECT_EQ(drawn(options(1e-300), {1, 1.0001f, 1}), (Tokens{1}));
  EXPECT_EQ(drawn(options(1e300), {most / 2, -most}), (Tokens{0, 1}));
}

// Chi-squared with 15 degrees of freedom above 74.9 comes once in 1e9 fresh runs.
TEST(Sampler, draws_with_the_probabilities_of_softmax) {
  const int n = 200000;
  const double temperature = 1.7;
  Logits logits;
  double total = 0;
  for (int i = 0; i < 16; ++i) total += std::exp((logits.emplace_back(0.2f * float((7 * i) % 16))) / temperature);
  Sampler sampler(options(temperature));
  const auto counts = draws(sampler, logits, n);
  double chi_squared = 0;
  for (int i = 0; i < 16; ++i) {
    const double expected = n * std::exp(logits[i] / temperature) / total;
    const double got = counts.count(i) ? counts.at(i) : 0;
    chi_squared += (got - expected) * (got - expected) / expected;
  }
  EXPECT_LT(chi_squared, 74.9);
}

// Pairs of successive draws over 8 equal tokens are 64 equal cells: above 157.8 with 63 degrees of freedom once in 1e9 fresh runs.
TEST(Sampler, draws_independently) {
  const int n = 64000;
  Sampler sampler(options(1));
  std::vector<int> counts(64);
  for (int i = 0; i < n; ++i) {
    const int first = sampler.next(Logits(8, 0.f), {});
    ++counts[8 * first + sampler.next(Logits(8, 0.f), {})];
  }
  double chi_squared = 0;
  for (const int count : counts) chi_squared += (count - n / 64.) * (count - n / 64.) / (n / 64.);
  EXPECT_LT(chi_squared, 157.8);
}

TEST(Sampler, repeats_itself_with_a_seed_and_never_without) {
  const auto sequence = [](std::optional<std::uint64_t> seed) {
    SamplerOptions o = options(1);
    o.seed = seed;
    Sampler sampler(o);
    std::vector<std::int32_t> out;
    for (int i = 0; i < 20; ++i) out.push_back(sampler.next(Logits(1000, 0.f), {}));
    return out;
  };
  EXPECT_EQ(sequence(42), sequence(42));
  EXPECT_NE(sequence(42), sequence(43));
  EXPECT_NE(sequence({}), sequence({})) << "equal once in 1e60 runs";
}

// Token = floor(1000 u) for u from the ChaCha20 stream (64-bit nonce "sampling") of the key 42, 0, 0, 0; from a separate implementation.
TEST(Sampler, keeps_its_stream_from_release_to_release) {
  SamplerOptions o = options(1);
  o.seed = 42;
  Sampler sampler(o);
  for (const std::int32_t expected : {716, 291, 737, 956, 593, 258, 147, 941, 862, 957, 924, 984})
    EXPECT_EQ(sampler.next(Logits(1000, 0.f), {}), expected);
}

// The same in the plainest words: sort everything, cut, draw.
std::int32_t plainly(const SamplerOptions& o, const Logits& logits, const std::vector<std::int32_t>& seen, double u) {
  std::vector<std::pair<double, std::int32_t>> best;  // minus logit, token
  for (std::size_t i = 0; i < logits.size(); ++i) {
    double x = logits[i];
    if (std::count(seen.begin(), seen.end(), std::int32_t(i))) x = x > 0 ? x / o.repetition_penalty : x * o.repetition_penalty;
    best.push_back({-x / o.temperature, std::int32_t(i)});
  }
  std::sort(best.begin(), best.end());
  if (o.top_k > 0 && best.size() > std::size_t(o.top_k)) best.resize(o.top_k);
  double total = 0, sum = 0;
  for (auto& b : best) total += std::exp(best[0].first - b.first);
  std::map<std::int32_t, double> kept;
  for (auto& b : best) {
    if (!kept.empty() && sum >= o.top_p * total) break;
    sum += kept[b.second] = std::exp(best[0].first - b.first);
  }
  for (const auto& [token, weight] : kept)
    if ((u -= weight / sum) < 0) return token;
  return kept.rbegin()->first;
}

double stream_uniform(std::uint64_t seed, int i) {
  const std::uint64_t key[4] = {seed, 0, 0, 0};
  CryptoPP::ChaCha::Encryption stream;
  stream.SetKeyWithIV(reinterpret_cast<const CryptoPP::byte*>(key), 32, reinterpret_cast<const CryptoPP::byte*>("sampling"), 8);
  std::vector<std::uint64_t> words(i + 1);
  stream.GenerateBlock(reinterpret_cast<CryptoPP::byte*>(words.data()), 8 * words.size());
  return std::ldexp(double(words[i] >> 11), -53);
}

TEST(Sampler, agrees_with_the_plainest_implementation) {
  std::minstd_rand random(3);  // what is tried, no secret
  const auto real = [&](double low, double high) { return low + (high - low) * double(random()) / 2147483647.; };
  for (int trial = 0; trial < 300; ++trial) {
    SamplerOptions o = options(real(0.3, 3), trial % 3 ? 0 : int(random() % 400), trial % 2 ? real(0, 1) : 1, real(0.8, 1.5));
    o.seed = trial;
    Logits logits(3000);
    for (float& x : logits) x = float(std::round(real(-8, 8) * 16) / 16);  // coarse, so that many tie
    std::vector<std::int32_t> seen(20);
    for (auto& token : seen) token = std::int32_t(random() % logits.size());
    Sampler sampler(o);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(sampler.next(logits, seen), plainly(o, logits, seen, stream_uniform(trial, i))) << trial;
  }
}

TEST(Sampler, refuses_logits_it_cannot_choose_from) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const double temperature : {0., 1.}) {
    const auto refusal = [&](const Logits& logits) { return error_of([&] { Sampler(options(temperature)).next(logits, {}); }); };
    expect_sentence(refusal({1, 2, nan}), "token 2");
    expect_sentence(refusal({kInfinity, 2}), "token 0");
    expect_sentence(refusal({-kInfinity, -kInfinity}), "no token to choose");
    expect_sentence(refusal({}), "no token to choose");
  }
  for (const std::int32_t token : {-1, 3})
    expect_sentence(error_of([&] { Sampler(options(0, 0, 1, 2)).next({1, 2, 3}, {token}); }), "Token " + std::to_string(token));
}

TEST(Sampler, names_the_option_that_is_out_of_range) {
  const auto refusal = [](const SamplerOptions& o) { return error_of([&] { Sampler sampler(o); }); };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {-0.1, nan, double(kInfinity)}) expect_sentence(refusal(options(bad)), "temperature");
  expect_sentence(refusal(options(1, -1)), "top-k");
  for (const double bad : {-0.1, 1.1, nan}) expect_sentence(refusal(options(1, 0, bad)), "top-p");
  for (const double bad : {0., -1., 1e9, nan}) expect_sentence(refusal(options(1, 0, 1, bad)), "repetition-penalty");
}

}  // namespace
}  // namespace shardlm::text
