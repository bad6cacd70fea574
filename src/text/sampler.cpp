#include "shardlm/text/sampler.hpp"

#include <cryptopp/chacha.h>
#include <cryptopp/osrng.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <unordered_set>

#include "shardlm/core/error.hpp"

namespace shardlm::text {
namespace {

constexpr double kLeastPenalty = 0.01, kMostPenalty = 100;  // a float's logit stays finite
constexpr std::size_t kFirstLook = 256;                     // tokens sorted at first where top_p needs the best ones

struct Candidate {
  double logit;
  std::int32_t token;
};

bool better(const Candidate& a, const Candidate& b) { return a.logit > b.logit || (a.logit == b.logit && a.token < b.token); }
bool earlier(const Candidate& a, const Candidate& b) { return a.token < b.token; }

void require(bool holds, const char* option, const char* range, double value) {
  if (!holds) {
    std::ostringstream number;
    number << value;
    throw Error(std::string(option) + " must be " + range + ", not " + number.str() + ".");
  }
}

// Tokens that can be drawn at all, by number.
std::vector<Candidate> candidates_of(const std::vector<float>& logits) {
  std::vector<Candidate> out;
  out.reserve(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i]) || logits[i] == std::numeric_limits<float>::infinity())
      throw Error("The logit of token " + std::to_string(i) + " is " + std::to_string(logits[i]) + ", so no token can be chosen.");
    if (logits[i] != -std::numeric_limits<float>::infinity()) out.push_back({logits[i], std::int32_t(i)});
  }
  if (out.empty())
    throw Error("There is no token to choose: of " + std::to_string(logits.size()) + " logits none is above minus infinity.");
  return out;
}

// Keskar et al., 2019, section 4.1, with the sign seen to: a token that was there becomes less likely.
void penalize(std::vector<Candidate>& candidates, const std::vector<std::int32_t>& seen, std::size_t n, double penalty) {
  if (penalty == 1) return;
  for (const std::int32_t token : seen)
    if (token < 0 || std::size_t(token) >= n)
      throw Error("Token " + std::to_string(token) + " was seen, but there are logits for " + std::to_string(n) + " tokens.");
  const std::unordered_set<std::int32_t> penalized(seen.begin(), seen.end());
  for (Candidate& c : candidates)
    if (penalized.count(c.token)) c.logit = c.logit > 0 ? c.logit / penalty : c.logit * penalty;
}

void keep_top_k(std::vector<Candidate>& candidates, int k) {
  if (k == 0 || std::size_t(k) >= candidates.size()) return;
  std::nth_element(candidates.begin(), candidates.begin() + (k - 1), candidates.end(), better);
  candidates.resize(k);
}

// exp of the logit over temperature, the largest being 1.
class Weight {
 public:
  Weight(const std::vector<Candidate>& candidates, double temperature)
      : largest_(std::min_element(candidates.begin(), candidates.end(), better)->logit), temperature_(temperature) {}
  double operator()(const Candidate& c) const { return std::exp((c.logit - largest_) / temperature_); }
  double total(const std::vector<Candidate>& candidates) const {
    double sum = 0;
    for (const Candidate& c : candidates) sum += (*this)(c);
    return sum;
  }

 private:
  double largest_, temperature_;
};

// Holtzman et al., ICLR'20, section 3.1: the fewest best tokens that together have probability p, at least one.
void keep_top_p(std::vector<Candidate>& candidates, double p, const Weight& weight) {
  if (p >= 1) return;
  const double enough = p * weight.total(candidates);
  double sum = 0;
  std::size_t kept = 0, sorted = 0;
  for (; kept < candidates.size() && (kept == 0 || sum < enough); ++kept) {
    if (kept == sorted) {  // the next best are needed in order: eight times as many as so far
      sorted = std::min(candidates.size(), std::max(kFirstLook, 8 * sorted));
      std::partial_sort(candidates.begin() + kept, candidates.begin() + sorted, candidates.end(), better);
    }
    sum += weight(candidates[kept]);
  }
  candidates.resize(kept);
}

}  // namespace

Sampler::Sampler(const SamplerOptions& options) : options_(options), key_{} {
  require(std::isfinite(options.temperature) && options.temperature >= 0, "temperature", "finite and not negative", options.temperature);
  require(options.top_k >= 0, "top-k", "0 (off) or more", options.top_k);
  require(options.top_p >= 0 && options.top_p <= 1, "top-p", "between 0 and 1 (off)", options.top_p);
  require(options.repetition_penalty >= kLeastPenalty && options.repetition_penalty <= kMostPenalty, "repetition-penalty",
          "between 0.01 and 100 (1 is off)", options.repetition_penalty);
  if (options.seed) {
    key_[0] = *options.seed;
    return;
  }
  try {
    CryptoPP::OS_GenerateRandomBlock(false, reinterpret_cast<CryptoPP::byte*>(key_), sizeof key_);
  } catch (const CryptoPP::Exception& e) {
    throw Error(std::string("The operating system gives no random numbers to sample with: ") + e.what() + ".");
  }
}

// 53 bits of the ChaCha20 stream's next 8 bytes, over 2^53: in [0, 1).
double Sampler::uniform() {
  constexpr CryptoPP::byte nonce[8] = {'s', 'a', 'm', 'p', 'l', 'i', 'n', 'g'};
  CryptoPP::ChaCha::Encryption stream;
  stream.SetKeyWithIV(reinterpret_cast<const CryptoPP::byte*>(key_), sizeof key_, nonce, sizeof nonce);
  stream.Seek(8 * drawn_++);
  CryptoPP::byte bytes[8];
  stream.GenerateBlock(bytes, sizeof bytes);
  std::uint64_t word = 0;
  for (int i = 7; i >= 0; --i) word = word << 8 | bytes[i];
  return double(word >> 11) * 0x1p-53;
}

std::int32_t Sampler::next(std::vector<float> logits, const std::vector<std::int32_t>& seen) {
  std::vector<Candidate> candidates = candidates_of(logits);
  penalize(candidates, seen, logits.size(), options_.repetition_penalty);
  if (options_.temperature == 0) return std::min_element(candidates.begin(), candidates.end(), better)->token;
  keep_top_k(candidates, options_.top_k);
  const Weight weight(candidates, options_.temperature);
  keep_top_p(candidates, options_.top_p, weight);
  std::sort(candidates.begin(), candidates.end(), earlier);  // so that a seed means the same draw with any standard library
  double left = uniform() * weight.total(candidates);
  for (const Candidate& c : candidates)
    if ((left -= weight(c)) < 0) return c.token;
  return std::min_element(candidates.begin(), candidates.end(), better)->token;  // rounding ate the rest
}

}  // namespace shardlm::text
