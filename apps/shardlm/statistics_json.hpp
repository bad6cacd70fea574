// A sample of times as JSON: what docs/results.md calls S.
#pragma once

#include <nlohmann/json.hpp>

#include "statistics.hpp"

namespace shardlm::app {

inline nlohmann::ordered_json json_of(const Statistics& s) {
  return {{"unit", "ms"},   {"n", s.n},     {"mean", s.mean}, {"std", s.deviation}, {"min", s.least},
          {"max", s.most},  {"p50", s.p50}, {"p95", s.p95},   {"p99", s.p99},       {"cv", s.variation()}};
}

}  // namespace shardlm::app
