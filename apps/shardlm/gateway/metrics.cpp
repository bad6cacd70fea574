#include "gateway/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace shardlm::app {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

// Seconds. A token takes milliseconds on the demo model, a long prompt minutes on a large one.
const Buckets kToken{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
const Buckets kLong{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600};

constexpr std::array kFinishes{std::pair{Finish::stop, "stop"}, std::pair{Finish::length, "length"}, std::pair{Finish::cancelled, "cancelled"},
                               std::pair{Finish::deadline, "deadline"}, std::pair{Finish::failed, "failed"}};

constexpr const char* kModel = "/v1/models/";
constexpr std::array kPaths{"/", "/health", "/ready", "/metrics", "/openapi.json", "/v1/models", "/v1/chat/completions", "/v1/completions", "/v2/info",
                            "/v2/secure/gpu/prefill_v2", "/v2/secure/gpu/prefill_v3", "/v3/ot/prefill", "/v3/mpc/prefill", "/v3/cc/prefill"};

std::string path_label(const std::string& path) {
  if (std::find(kPaths.begin(), kPaths.end(), path) != kPaths.end()) return path;
  return path.rfind(kModel, 0) == 0 ? std::string(kModel) + "{id}" : "other";
}

std::string status_label(int status) { return status >= 100 && status < 600 ? std::to_string(status) : "other"; }

}  // namespace

struct Metrics::Impl {
  explicit Impl(const std::vector<std::string>& protocols);

  Family<Counter>& counters(const std::string& name, const std::string& help) { return prometheus::BuildCounter().Name(name).Help(help).Register(registry); }
  Counter& counter(const std::string& name, const std::string& help) { return counters(name, help).Add({}); }
  Family<Gauge>& gauges(const std::string& name, const std::string& help) { return prometheus::BuildGauge().Name(name).Help(help).Register(registry); }
  Family<Histogram>& histograms(const std::string& name, const std::string& help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }
  std::string protocol_label(const std::string& protocol) const {
    return std::find(protocols.begin(), protocols.end(), protocol) != protocols.end() ? protocol : "other";
  }
  void count_costs(const RequestCosts& costs);

  const std::vector<std::string> protocols;
  prometheus::Registry registry;
  std::mutex scrape;  // one state at a time
  Family<Counter>& requests = counters("shardlm_requests_total", "Requests that were queued, by protocol and how they finished");
  Family<Counter>& http = counters("shardlm_http_requests_total", "HTTP requests by path and status");
  Gauge& ready = gauges("shardlm_ready", "1 while requests are taken").Add({});
  Gauge& waiting = gauges("shardlm_queue_waiting", "Requests that wait").Add({});
  Gauge& running = gauges("shardlm_running", "Requests that are answered now").Add({});
  Counter& prompt_tokens = counter("shardlm_prompt_tokens_total", "Tokens of prompts that were computed");
  Counter& answer_tokens = counter("shardlm_answer_tokens_total", "Tokens of answers");
  Family<Histogram>& queue_seconds = histograms("shardlm_queue_seconds", "Seconds that a request waited, by protocol");
  Family<Histogram>& prefill_seconds = histograms("shardlm_prefill_seconds", "Seconds until a prompt's first logits, by protocol");
  Family<Histogram>& token_seconds = histograms("shardlm_token_seconds", "Seconds of each token after the first, as the mean of its answer, by protocol");
  Family<Histogram>& request_seconds = histograms("shardlm_request_seconds", "Seconds of a request from when it came, by protocol");
  Counter& rounds = counter("shardlm_rounds_total", "Exchanges between the servers");
  Family<Counter>& bytes = counters(
      "shardlm_bytes_total",
      "Bytes by kind: opened by each server to the other, dealt to server 1, keys dealt to each server, sent and received by the client's rank");
  Family<Gauge>& pool_ready = gauges("shardlm_pool_ready", "Requests that the dealer has ready, by the positions of their prompts");
  Family<Gauge>& pool_wanted = gauges("shardlm_pool_wanted", "Requests that the dealer is to have ready, by the positions of their prompts");
  Counter& pool_hits = counter("shardlm_pool_hits_total", "Prompts that were dealt before they came");
  Counter& pool_misses = counter("shardlm_pool_misses_total", "Prompts that were dealt after they came");
  Counter& dealer_waited = counter("shardlm_dealer_waited_seconds_total", "Seconds that servers waited for the dealer, the longer of the two");
};

// What is to be seen before the first request: a counter that is not there is no counter that is 0.
Metrics::Impl::Impl(const std::vector<std::string>& loaded) : protocols(loaded) {
  for (const std::string& protocol : protocols) {
    for (const auto& [finish, name] : kFinishes) requests.Add({{"protocol", protocol}, {"finish", name}});
    for (Family<Histogram>* family : {&queue_seconds, &prefill_seconds, &request_seconds}) family->Add({{"protocol", protocol}}, kLong);
    token_seconds.Add({{"protocol", protocol}}, kToken);
  }
  count_costs({});
}

void Metrics::Impl::count_costs(const RequestCosts& costs) {
  rounds.Increment(double(costs.rounds));
  for (const auto& [kind, count] : {std::pair{"opened", costs.opened_bytes}, std::pair{"dealt", costs.dealt_bytes}, std::pair{"keys", costs.key_bytes},
                                    std::pair{"client_sent", costs.client_sent}, std::pair{"client_received", costs.client_received}})
    bytes.Add({{"kind", kind}}).Increment(double(count));
  dealer_waited.Increment(costs.dealer_waited_ms / 1e3);
}

Metrics::Metrics(const std::vector<std::string>& protocols) : impl_(new Impl(protocols)) {}
Metrics::~Metrics() = default;

void Metrics::observe(const Job& job, const Outcome& outcome) {
  Impl& m = *impl_;
  const prometheus::Labels protocol{{"protocol", m.protocol_label(job.protocol)}};
  const auto finish = std::find_if(kFinishes.begin(), kFinishes.end(), [&](const auto& pair) { return pair.first == outcome.finish; });
  m.requests.Add({{"protocol", protocol.at("protocol")}, {"finish", finish->second}}).Increment();
  m.queue_seconds.Add(protocol, kLong).Observe(outcome.queued_ms / 1e3);
  m.request_seconds.Add(protocol, kLong).Observe((outcome.queued_ms + outcome.total_ms) / 1e3);
  m.count_costs(outcome.costs);
  if (outcome.prefill_ms <= 0) return;  // it never came to be computed
  m.prompt_tokens.Increment(double(outcome.prompt_tokens));
  m.answer_tokens.Increment(double(outcome.answer_tokens));
  m.prefill_seconds.Add(protocol, kLong).Observe(outcome.prefill_ms / 1e3);
  Histogram& tokens = m.token_seconds.Add(protocol, kToken);
  for (std::size_t i = 0; i < outcome.decode_steps; ++i) tokens.Observe(outcome.decode_ms / 1e3 / double(outcome.decode_steps));
  (outcome.costs.from_pool ? m.pool_hits : m.pool_misses).Increment();
}

void Metrics::observe_http(const std::string& path, int status) {
  impl_->http.Add({{"path", path_label(path)}, {"status", status_label(status)}}).Increment();
}

std::string Metrics::text(const EngineState& state) {
  Impl& m = *impl_;
  const std::lock_guard<std::mutex> lock(m.scrape);
  m.ready.Set(state.ready ? 1 : 0);
  m.waiting.Set(double(state.waiting));
  m.running.Set(double(state.running));
  for (const PoolLevel& level : state.pool) {
    const prometheus::Labels positions{{"positions", std::to_string(level.positions)}};
    m.pool_ready.Add(positions).Set(double(level.ready));
    m.pool_wanted.Add(positions).Set(double(level.wanted));
  }
  return prometheus::TextSerializer().Serialize(m.registry.Collect());
}

}  // namespace shardlm::app
