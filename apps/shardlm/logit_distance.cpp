#include "logit_distance.hpp"

#include <algorithm>
#include <cmath>

namespace shardlm::app {
namespace {

double mean(const std::vector<float>& x) {
  double sum = 0;
  for (const float v : x) sum += v;
  return sum / double(x.size());
}

double log_sum_exp(const std::vector<float>& x) {
  const double top = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (const float v : x) sum += std::exp(v - top);
  return top + std::log(sum);
}

}  // namespace

LogitDistance distance(const std::vector<float>& exact, const std::vector<float>& other) {
  LogitDistance d;
  const double shift = mean(other) - mean(exact), norm_p = log_sum_exp(exact), norm_q = log_sum_exp(other);
  double squares = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double difference = double(other[i]) - exact[i] - shift, log_p = exact[i] - norm_p;
    squares += difference * difference;
    d.largest = std::max(d.largest, std::abs(difference));
    d.kl += std::exp(log_p) * (log_p - (other[i] - norm_q));
  }
  d.kl = std::max(d.kl, 0.0);  // it is not negative but for rounding
  d.rms = std::sqrt(squares / double(exact.size()));
  const auto top = std::max_element(exact.begin(), exact.end());
  d.same_top = likeliest(other) == top - exact.begin();
  float second = -INFINITY;
  for (auto i = exact.begin(); i != exact.end(); ++i)
    if (i != top) second = std::max(second, *i);
  d.lead = double(*top) - second;
  return d;
}

DistanceSummary summarise(const std::vector<LogitDistance>& distances) {
  DistanceSummary s;
  for (const LogitDistance& d : distances) {
    ++s.positions;
    s.same_top += d.same_top;
    s.rms += d.rms * d.rms;
    s.kl += d.kl;
    s.largest = std::max(s.largest, d.largest);
    s.largest_kl = std::max(s.largest_kl, d.kl);
    if (!d.same_top) s.widest_lost_lead = std::max(s.widest_lost_lead, d.lead);
  }
  if (s.positions > 0) {
    s.rms = std::sqrt(s.rms / double(s.positions));
    s.kl /= double(s.positions);
  }
  return s;
}

}  // namespace shardlm::app
