// Choosing the next token from logits, by the client alone.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace shardlm::text {

struct SamplerOptions {
  double temperature = 0;             // 0: greedy; not negative
  int top_k = 0;                      // 0: off
  double top_p = 1;                   // 1: off; in [0, 1]
  double repetition_penalty = 1;      // 1: off; in [0.01, 100]. A seen token's logit is divided by it if positive, else multiplied
  std::optional<std::uint64_t> seed;  // none: from the operating system
};

// Throws shardlm::Error for options out of range, naming the option.
class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);
  // Penalty on `seen`, temperature, top-k, top-p, then a draw from a ChaCha stream of the seed, in that order as in transformers.
  // Ties go to the smaller token; so top-k keeps k tokens, where transformers keeps all that tie with the k-th.
  // A logit of minus infinity is a token that cannot come. Throws Error for NaN, plus infinity, or no token left, and for a
  // token in `seen` without a logit.
  std::int32_t next(std::vector<float> logits, const std::vector<std::int32_t>& seen);

 private:
  SamplerOptions options_;
  std::uint64_t key_[4];
  std::uint64_t drawn_ = 0;
  double uniform();
};

}  // namespace shardlm::text
