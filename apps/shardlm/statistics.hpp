// What is said of a sample of times.
#pragma once

#include <cstddef>
#include <vector>

namespace shardlm::app {

struct Statistics {
  std::size_t n = 0;
  double mean = 0, deviation = 0;  // of the population
  double least = 0, most = 0, p50 = 0, p95 = 0, p99 = 0;
  double variation() const { return mean > 0 ? deviation / mean : 0; }  // coefficient of
};

// pXX: the element round(XX / 100 (n - 1)) of the sorted sample, halves away from zero. Of an empty sample all is 0.
Statistics statistics(std::vector<double> sample);

}  // namespace shardlm::app
