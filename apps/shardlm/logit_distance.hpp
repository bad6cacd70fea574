// How far one engine's logits are from another's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace shardlm::app {

inline std::int32_t likeliest(const std::vector<float>& logits) {
  return std::int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

struct LogitDistance {
  double rms = 0, largest = 0;  // of the differences, both engines' mean logit removed: a constant changes no probability
  double kl = 0;                // sum p log(p / q), in nats; p is exact's
  bool same_top = true;         // the likeliest token is the same
  double lead = 0;              // of exact's likeliest token over its second: a small one is a near-tie
};

// Both [vocabulary], at least two.
LogitDistance distance(const std::vector<float>& exact, const std::vector<float>& other);

// Over several positions: rms of all, largest of all, mean KL.
struct DistanceSummary {
  std::size_t positions = 0, same_top = 0;
  double rms = 0, largest = 0, kl = 0, largest_kl = 0;
  double widest_lost_lead = 0;  // the largest lead among positions whose likeliest token differs
};
DistanceSummary summarise(const std::vector<LogitDistance>& distances);

}  // namespace shardlm::app
