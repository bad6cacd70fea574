#include "bench_results.hpp"

#include <cstdio>
#include <functional>

#include "choices.hpp"
#include "provenance.hpp"
#include "statistics_json.hpp"

namespace shardlm::app {
namespace {

using net::Role;
using Json = nlohmann::ordered_json;

constexpr Role kOthers[] = {Role::server0, Role::server1, Role::dealer};

bool is_plain(const BenchOptions& o) { return o.protocol == "plain"; }

struct Phase {
  const char* name;
  bool is_private;  // one that the plaintext engine does not have
  std::function<double(const BenchRun&)> of;
};

const std::vector<Phase>& phases() {
  static const std::vector<Phase> all{
      {"embedding", true, [](const BenchRun& r) { return r.embedding; }},
      {"prefill", false, [](const BenchRun& r) { return r.prefill; }},
      {"time_to_first_token", false, [](const BenchRun& r) { return r.embedding + r.prefill; }},
      {"decode", false, [](const BenchRun& r) { return r.decode; }},
      {"dealer", true, [](const BenchRun& r) { return r.dealer; }},
      {"dealer_waited_for", true, [](const BenchRun& r) { return r.dealer_waited_for; }},
      {"online", true, [](const BenchRun& r) { return r.total - r.dealer_waited_for; }},
      {"total", false, [](const BenchRun& r) { return r.total; }},
  };
  return all;
}

Statistics of_runs(const BenchResults& b, const Phase& phase) {
  std::vector<double> sample;
  for (const BenchRun& run : b.runs) sample.push_back(phase.of(run));
  return statistics(sample);
}

Statistics of_tokens(const BenchResults& b) {
  std::vector<double> sample;
  for (const BenchRun& run : b.runs) sample.insert(sample.end(), run.tokens.begin(), run.tokens.end());
  return statistics(sample);
}

double a_second(std::size_t tokens, double milliseconds) { return milliseconds > 0 ? 1000 * double(tokens) / milliseconds : 0; }

bool present(const Phase& phase, const BenchOptions& o) {
  if (phase.is_private && is_plain(o)) return false;
  return o.max_tokens > 1 || std::string(phase.name) != "decode";
}

Json results_json(const BenchResults& b, const BenchOptions& o) {
  Json j;
  double first = 0;
  for (const Phase& phase : phases()) {
    if (!present(phase, o)) continue;
    const std::string name = phase.name;
    const Statistics s = of_runs(b, phase);
    j[name] = json_of(s);
    if (name == "time_to_first_token") first = s.mean;
    if (name == "decode") {
      j[name]["tokens_per_second"] = a_second(o.max_tokens - 1, s.mean);
      j["token"] = json_of(of_tokens(b));
    }
    if (name == "total") j[name]["tokens_per_second"] = a_second(o.max_tokens, s.mean);
  }
  j["prefill"]["tokens_per_second"] = a_second(b.prompt_tokens, first);
  return j;
}

std::size_t parameters(const io::ModelConfig& c) {
  const std::size_t layer = c.qkv_rows() * (c.hidden + 1) + c.hidden * c.heads * c.head_dim() + 3 * c.hidden * c.intermediate + 2 * c.hidden;
  return c.layers * layer + c.vocabulary * c.hidden * (c.tied_head ? 1 : 2) + c.hidden;
}

Json model_json(const BenchResults& b) {
  const io::ModelConfig& c = b.config;
  return {{"file", b.model},         {"digest", b.digest},      {"layers", c.layers},         {"hidden", c.hidden},      {"intermediate", c.intermediate},
          {"heads", c.heads},        {"kv_heads", c.kv_heads},  {"vocabulary", c.vocabulary}, {"parameters", parameters(c)}};
}

Json config_json(const BenchResults& b, const BenchOptions& o) {
  // A text from a file may be a secret, and results are copied about.
  Json j{{"prompt", o.prompt_file.empty() ? Json(b.prompt) : Json()}, {"text_tokens", b.text_tokens}, {"prompt_tokens", b.prompt_tokens}, {"tokens", nullptr}, {"chat", o.chat}};
  if (o.tokens > 0) j["tokens"] = o.tokens;
  j["max_new_tokens"] = o.max_tokens;
  j["temperature"] = o.sampling.temperature;
  j["seed"] = nullptr;
  if (o.sampling.seed) j["seed"] = *o.sampling.seed;
  j["runs"] = o.runs;
  j["warmup"] = o.warmup;
  j["threads"] = b.machines.at(0).at("threads");
  if (is_plain(o)) return j;
  j["embedding"] = protocol::name(choices(o).embedding);
  j["pad_to"] = o.pad_to;
  j["channels"] = choices(o).secure_channels ? "secure" : "plain";
  j["dealer_ahead"] = o.dealer_ahead;
  return j;
}

Json raw_json(const BenchResults& b, const BenchOptions& o) {
  Json all = Json::array();
  for (const BenchRun& run : b.runs) {
    Json one;
    for (const Phase& phase : phases())
      if (present(phase, o)) one[phase.name] = phase.of(run);
    one["tokens"] = run.tokens;
    all.push_back(one);
  }
  return all;
}

void add_private(Json& j, const BenchResults& b, const BenchOptions& o) {
  j["traffic"] = costs_json(b.reports[int(Role::server1)].costs);
  j["traffic"]["oblivious_sent"] = b.oblivious_sent;
  j["traffic"]["oblivious_received"] = b.oblivious_received;
  j["predicted"] = costs_json(predicted(b.config, o.protocol, positions(o, b.prompt_tokens), o.max_tokens - 1));
  for (Role server : {Role::server0, Role::server1})
    for (int part = 0; part < mpc::kParts; ++part) j["parts"][net::name(server)][mpc::name(mpc::Part(part))] = b.parts[int(server)][part];
  j["peak_bytes"]["client"] = b.client_peak;
  for (Role role : kOthers) j["peak_bytes"][net::name(role)] = b.reports[int(role)].peak_bytes;
  for (Role role : kOthers)
    if (const std::string& said = b.attested.machines[int(role)]; !said.empty()) j["attestation"][net::name(role)] = said;
}

}  // namespace

Json json_of(const BenchResults& b, const BenchOptions& o) {
  Json j{{"format", "shardlm benchmark"}, {"format_version", 1}};
  j["model"] = model_json(b);
  j["device"] = device_of(b.machines.at(is_plain(o) ? 0 : int(Role::server0)));
  j["version"] = SHARDLM_VERSION;
  j["protocol"] = o.protocol;
  j["timestamp"] = b.created;
  j["config"] = config_json(b, o);
  j["results"] = results_json(b, o);
  if (o.raw) j["raw_timings"] = raw_json(b, o);
  if (!is_plain(o)) add_private(j, b, o);
  j["start_up"] = b.start_up;
  if (!is_plain(o) && choices(o).secure_channels) j["handshakes"] = 1000 * b.attested.seconds;
  j["provenance"] = b.build;
  j["provenance"]["ranks"] = b.machines;
  return j;
}

std::string table_of(const BenchResults& b, const BenchOptions& o) {
  std::string text;
  char line[200];
  const auto add = [&](const std::string& name, const Statistics& s) {
    std::snprintf(line, sizeof line, "%-20s %10.2f %9.2f %10.2f %10.2f %10.2f %10.2f %10.2f\n", name.c_str(), s.mean, s.deviation, s.least, s.most, s.p50, s.p95, s.p99);
    text += line;
  };
  std::snprintf(line, sizeof line, "%s, %zu + %zu tokens, %zu runs after %zu; milliseconds\n%-20s %10s %9s %10s %10s %10s %10s %10s\n", o.protocol.c_str(), b.prompt_tokens,
                o.max_tokens, o.runs, o.warmup, "", "mean", "std", "min", "max", "P50", "P95", "P99");
  text += line;
  for (const Phase& phase : phases()) {
    if (!present(phase, o)) continue;
    std::string name = phase.name;
    for (char& c : name) c = c == '_' ? ' ' : c;
    add(name, of_runs(b, phase));
    if (name == "decode") add("a further token", of_tokens(b));
  }
  const Json results = results_json(b, o);
  std::snprintf(line, sizeof line, "tokens a second: prompt %.1f", results["prefill"]["tokens_per_second"].get<double>());
  text += line;
  if (o.max_tokens > 1) {
    std::snprintf(line, sizeof line, ", further ones %.2f", results["decode"]["tokens_per_second"].get<double>());
    text += line;
  }
  std::snprintf(line, sizeof line, ", all new ones %.2f\n", results["total"]["tokens_per_second"].get<double>());
  return text + line;
}

}  // namespace shardlm::app
