// Is what a server receives uniform, and the same in distribution for two prompts? Statistics over many fresh requests of each.
//
//   histograms  of values' bytes and of their top bits, by kind of value and ring, pooled over positions and requests:
//               Pearson's chi-square against uniform, for either prompt, and between the two
//   positions   every single bit of a view, over the requests: a bit that is set too often or too rarely, or more often for one
//               prompt (binomial tails, exact); and the sum of all such squares (normal)
//
// The first finds a little bias everywhere, the second a great one anywhere: one value whose mask is missing or used again.
// A test raises a false alarm with probability kFalseAlarm; complaints() makes at most kMostTests.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shardlm/core/ring.hpp"

namespace shardlm::testing {

constexpr double kFalseAlarm = 1e-9;
constexpr int kMostTests = 250;

// The probability that chi-square with that many degrees of freedom is at least x: the regularised upper incomplete gamma
// function, by its series or its continued fraction (Abramowitz and Stegun, 6.5.29 and 6.5.31).
inline double chi_square_tail(double x, double freedom) {
  const double a = freedom / 2, z = x / 2, front = std::exp(-z + a * std::log(z) - std::lgamma(a));
  if (z <= 0) return 1;
  if (z < a + 1) {
    double term = 1 / a, sum = term;
    for (double n = a + 1; term > sum * 1e-16; ++n) sum += term *= z / n;
    return 1 - front * sum;
  }
  double b = z + 1 - a, c = 1e300, d = 1 / b, h = d;
  for (int i = 1; i < 10000; ++i) {
    const double n = -i * (i - a);
    b += 2;
    d = 1 / (n * d + b);
    c = b + n / c;
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return front * h;
}

// The smallest t with P(|Binomial(n, 1/2) - n/2| >= t) <= p.
inline double binomial_bound(int n, double p) {
  double tail = 0;
  for (int k = n; k >= n / 2; --k) {
    tail += 2 * std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) - n * std::log(2.0));
    if (tail > p) return k + 1 - n / 2.0;
  }
  return 0.5;
}

class Uniformity {
 public:
  // What follows is received in one fresh request of prompt 0 or 1.
  void begin(int prompt) {
    prompt_ = prompt;
    at_ = 0;
    ++requests_[prompt];
  }
  // n values of Z_{2^k} in ceil(k / 8) bytes each; what stands above k bits must be zero.
  void values(const std::string& kind, const std::uint8_t* bytes, std::size_t n, int k) {
    const int width = bytes_of(k);
    Histogram& top = histograms_[kind + ", top bits, ring " + std::to_string(k)];
    Histogram& each = histograms_[kind + ", bytes, ring " + std::to_string(k)];
    top.bits = std::min(8, k);
    each.bits = 8;
    if (ones_[prompt_].size() < at_ + n * k) ones_[prompt_].resize(at_ + n * k);
    std::uint16_t* ones = ones_[prompt_].data() + at_;
    for (std::size_t i = 0; i < n; ++i) {
      Word v = 0;
      for (int j = 0; j < width; ++j) v |= Word(bytes[i * width + j]) << (8 * j);
      if (low(v, k) != v) ++overflows_[kind];
      v = low(v, k);
      ++top.count[prompt_][k < 8 ? v : v >> (k - 8)];
      for (int j = 0; j < k / 8; ++j) ++each.count[prompt_][v >> (8 * j) & 255];
      for (int j = 0; j < k; ++j) *ones++ += v >> j & 1;
    }
    at_ += n * k;
  }

  // One sentence for every test that fails.
  std::vector<std::string> complaints() {
    tests_ = 0;
    complaints_.clear();
    for (const auto& [kind, n] : overflows_) complaints_.push_back(kind + ": " + std::to_string(n) + " values are beyond their ring");
    for (const auto& [what, h] : histograms_) {
      for (int prompt : {0, 1}) against_uniform(what + ", prompt " + std::to_string(prompt), coarse(h, prompt, h.bits));
      between(what, coarse(h, 0, h.bits), coarse(h, 1, h.bits));
    }
    positions();
    return complaints_;
  }
  int tests() const { return tests_; }
  std::size_t positions_seen() const { return ones_[0].size(); }

 private:
  using Counts = std::vector<double>;
  struct Histogram {
    int bits = 8;
    std::array<std::array<std::uint64_t, 256>, 2> count{};
  };

  // Neighbouring bins joined until fifty are expected in each, where chi-square's tail is a good approximation.
  static Counts coarse(const Histogram& h, int prompt, int bits) {
    double total = 0;
    for (std::uint64_t c : h.count[prompt]) total += double(c);
    int kept = bits;
    while (kept > 0 && total / double(1 << kept) < 50) --kept;
    Counts bins(std::size_t{1} << kept, 0.0);
    for (std::size_t i = 0; i < std::size_t{1} << bits; ++i) bins[i >> (bits - kept)] += double(h.count[prompt][i]);
    return bins;
  }

  void judge(const std::string& what, double p) {
    ++tests_;
    if (p < kFalseAlarm) complaints_.push_back(what + ": p = " + std::to_string(std::log10(std::max(p, 1e-300))) + " (log10)");
  }

  void against_uniform(const std::string& what, const Counts& bins) {
    if (bins.size() < 2) return;
    double total = 0, square = 0;
    for (double c : bins) total += c;
    const double expected = total / double(bins.size());
    for (double c : bins) square += (c - expected) * (c - expected) / expected;
    judge(what + ", against uniform", chi_square_tail(square, double(bins.size() - 1)));
  }

  void between(const std::string& what, const Counts& a, const Counts& b) {
    if (a.size() < 2 || a.size() != b.size()) return;
    double na = 0, nb = 0, square = 0;
    for (double c : a) na += c;
    for (double c : b) nb += c;
    int used = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i] + b[i] == 0) continue;
      const double difference = std::sqrt(nb / na) * a[i] - std::sqrt(na / nb) * b[i];
      square += difference * difference / (a[i] + b[i]);
      ++used;
    }
    if (used > 1) judge(what + ", between the prompts", chi_square_tail(square, used - 1.0));
  }

  // With n requests of each prompt and both counts a, b of a fair bit binomial, a + b and a + (n - b) are Binomial(2 n, 1/2).
  void positions() {
    if (requests_[0] != requests_[1] || ones_[0].size() != ones_[1].size() || ones_[0].empty()) return;
    const int n = requests_[0];
    const double bits = double(ones_[0].size()), bound = binomial_bound(2 * n, kFalseAlarm / bits);
    double square[2] = {0, 0}, largest[2] = {0, 0};
    for (std::size_t i = 0; i < ones_[0].size(); ++i) {
      const double a = ones_[0][i], b = ones_[1][i], off[2] = {a + b - n, a - b};
      for (int which : {0, 1}) {
        square[which] += off[which] * off[which] / (n / 2.0);
        largest[which] = std::max(largest[which], std::abs(off[which]));
      }
    }
    const char* names[] = {"a bit's frequency", "a bit's frequency between the prompts"};
    for (int which : {0, 1}) {
      tests_ += 2;
      if (largest[which] >= bound)
        complaints_.push_back(std::string(names[which]) + ": off by " + std::to_string(largest[which]) + " of " + std::to_string(2 * n));
      const double z = (square[which] - bits) / std::sqrt(bits * (2 - 1.0 / n));  // a square's variance: 2 - 2 / (2 n)
      if (std::erfc(std::abs(z) / std::sqrt(2.0)) < kFalseAlarm)
        complaints_.push_back(std::string(names[which]) + ", all bits: z = " + std::to_string(z));
    }
  }

  int prompt_ = 0, tests_ = 0;
  std::size_t at_ = 0;
  int requests_[2] = {0, 0};
  std::map<std::string, Histogram> histograms_;
  std::map<std::string, std::uint64_t> overflows_;
  std::vector<std::uint16_t> ones_[2];
  std::vector<std::string> complaints_;
};

}  // namespace shardlm::testing
