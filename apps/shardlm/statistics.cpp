#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace shardlm::app {

Statistics statistics(std::vector<double> sample) {
  Statistics s;
  s.n = sample.size();
  if (sample.empty()) return s;
  std::sort(sample.begin(), sample.end());
  const auto percentile = [&sample](double p) { return sample[std::size_t(std::round(p / 100 * double(sample.size() - 1)))]; };
  s.mean = std::accumulate(sample.begin(), sample.end(), 0.0) / double(s.n);
  double squares = 0;
  for (const double x : sample) squares += (x - s.mean) * (x - s.mean);
  s.deviation = std::sqrt(squares / double(s.n));
  s.least = sample.front();
  s.most = sample.back();
  s.p50 = percentile(50);
  s.p95 = percentile(95);
  s.p99 = percentile(99);
  return s;
}

}  // namespace shardlm::app
