#include "gateway_client/benchmark_results.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "gateway_client/printable.hpp"
#include "statistics_json.hpp"

namespace shardlm::app::remote {
namespace {

using Json = nlohmann::ordered_json;

struct Phase {
  const char* name;
  std::function<double(const RemoteRun&)> of;
};

const std::vector<Phase>& phases() {
  static const std::vector<Phase> all{
      {"queued", [](const RemoteRun& r) { return r.queued; }},
      {"embedding", [](const RemoteRun& r) { return r.embedding; }},
      {"prefill", [](const RemoteRun& r) { return r.prefill; }},
      {"time_to_first_token", [](const RemoteRun& r) { return r.embedding + r.prefill; }},
      {"decode", [](const RemoteRun& r) { return r.decode; }},
      {"total", [](const RemoteRun& r) { return r.total; }},
      {"wall", [](const RemoteRun& r) { return r.wall; }},
  };
  return all;
}

double sum(const RemoteResults& b, const std::function<double(const RemoteRun&)>& of) {
  double all = 0;
  for (const RemoteRun& run : b.runs) all += of(run);
  return all;
}

Statistics of_runs(const RemoteResults& b, const Phase& phase) {
  std::vector<double> sample;
  for (const RemoteRun& run : b.runs) sample.push_back(phase.of(run));
  return statistics(sample);
}

double a_second(double tokens, double milliseconds) { return milliseconds > 0 ? 1000 * tokens / milliseconds : 0; }

double tokens(const RemoteRun& run) { return double(run.tokens); }
double further_tokens(const RemoteRun& run) { return double(std::max<std::size_t>(run.tokens, 1) - 1); }

// An answer may end before its most tokens, so the rates are of the tokens that came.
double rate(const RemoteResults& b, const std::string& phase) {
  if (phase == "decode") return a_second(sum(b, further_tokens), sum(b, [](const RemoteRun& r) { return r.decode; }));
  if (phase == "wall") return a_second(sum(b, tokens), sum(b, [](const RemoteRun& r) { return r.wall; }));
  return a_second(sum(b, tokens), sum(b, [](const RemoteRun& r) { return r.total; }));
}

bool present(const Phase& phase, const RemoteResults& b) { return std::string(phase.name) != "decode" || sum(b, further_tokens) > 0; }

Json results_json(const RemoteResults& b) {
  Json j;
  for (const Phase& phase : phases()) {
    if (!present(phase, b)) continue;
    const std::string name = phase.name;
    j[name] = json_of(of_runs(b, phase));
    if (name == "decode" || name == "total" || name == "wall") j[name]["tokens_per_second"] = rate(b, name);
  }
  return j;
}

Json config_json(const RemoteResults& b, const HttpClientOptions& o) {
  // A text from a file may be a secret, and results are copied about.
  Json j{{"prompt", o.prompt_file.empty() ? Json(b.prompt) : Json()}, {"prompt_tokens", b.prompt_tokens}, {"max_new_tokens", o.max_new}};
  j["temperature"] = o.sampling.temperature;
  j["seed"] = nullptr;
  if (o.sampling.seed) j["seed"] = *o.sampling.seed;
  j["runs"] = o.runs;
  j["warmup"] = o.warmup;
  return j;
}

Json raw_json(const RemoteResults& b) {
  Json all = Json::array();
  for (const RemoteRun& run : b.runs) {
    Json one;
    for (const Phase& phase : phases())
      if (present(phase, b)) one[phase.name] = phase.of(run);
    one["tokens"] = run.tokens;
    one["from_pool"] = run.from_pool;
    all.push_back(one);
  }
  return all;
}

}  // namespace

Json json_of(const RemoteResults& b, const HttpClientOptions& o, const GatewayInfo& info, const Address& address) {
  Json j{{"format", "shardlm client benchmark"}, {"format_version", 1}};
  j["gateway"] = {{"address", address.text}, {"version", info.whole.value("version", Json())}, {"endpoint", b.endpoint}};
  j["model"] = {{"name", info.model}};
  j["model"].update(info.whole.value("shape", Json::object()));
  j["version"] = SHARDLM_VERSION;
  j["protocol"] = b.protocol;
  j["timestamp"] = b.created;
  j["config"] = config_json(b, o);
  j["results"] = results_json(b);
  j["new_tokens"] = sum(b, tokens) / double(std::max<std::size_t>(b.runs.size(), 1));
  j["from_pool"] = std::count_if(b.runs.begin(), b.runs.end(), [](const RemoteRun& r) { return r.from_pool; });
  j["traffic"] = b.traffic;
  if (o.raw) j["raw_timings"] = raw_json(b);
  return j;
}

std::string table_of(const RemoteResults& b, const HttpClientOptions& o, const Address& address) {
  char line[300];
  std::snprintf(line, sizeof line, "%s at %s, %zu + %.4g tokens, %zu runs after %zu; milliseconds\n%-20s %10s %9s %10s %10s\n", b.protocol.c_str(),
                printable(address.text).c_str(), b.prompt_tokens, sum(b, tokens) / double(b.runs.size()), o.runs, o.warmup, "", "mean", "std", "P50", "P95");
  std::string text = line;
  for (const Phase& phase : phases()) {
    if (!present(phase, b)) continue;
    std::string name = phase.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    const Statistics s = of_runs(b, phase);
    std::snprintf(line, sizeof line, "%-20s %10.2f %9.2f %10.2f %10.2f\n", name.c_str(), s.mean, s.deviation, s.p50, s.p95);
    text += line;
  }
  std::snprintf(line, sizeof line, "tokens a second: further ones %.2f, all new ones %.2f, over HTTP %.2f\n", rate(b, "decode"), rate(b, "total"), rate(b, "wall"));
  text += line;
  std::snprintf(line, sizeof line, "a request: %.0f rounds, %.1f MiB from server to server\n", b.traffic.value("rounds", 0.0), b.traffic.value("opened_bytes", 0.0) / (1 << 20));
  return text + line;
}

}  // namespace shardlm::app::remote
