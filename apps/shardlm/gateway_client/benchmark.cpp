// shardlm client benchmark.
#include "answer_file.hpp"
#include "answering.hpp"
#include "clock.hpp"
#include "gateway_client/benchmark_results.hpp"
#include "gateway_client/client.hpp"
#include "gateway_client/completion.hpp"
#include "prompt_text.hpp"
#include "utc.hpp"

namespace shardlm::app {

using namespace remote;

namespace {

using Json = nlohmann::ordered_json;

// Some 19 tokens, as tables of other systems have them.
constexpr const char* kPrompt = "Explain in a few words how four computers can answer a question that none of them can read.";

RemoteRun run_of(const Json& answer, double wall) {
  RemoteRun r;
  r.queued = answer.at("queued_ms");
  r.embedding = answer.at("embedding_ms");
  r.prefill = answer.at("prefill_ms");
  r.decode = answer.at("decode_ms");
  r.total = answer.at("total_ms");
  r.tokens = answer.at("completion_tokens");
  r.from_pool = answer.value("from_pool", false);
  r.wall = 1000 * wall;
  return r;
}

Json traffic_of(const Json& answer) {
  const Json& bytes = answer.at("bytes");
  Json traffic{{"rounds", answer.at("rounds").get<std::uint64_t>()}};
  for (const auto& [name, of] : {std::pair{"opened_bytes", "opened"}, {"dealt_bytes", "dealt"}, {"key_bytes", "keys"}, {"client_sent", "client_sent"}, {"client_received", "client_received"}})
    traffic[name] = bytes.at(of).get<std::uint64_t>();
  return traffic;
}

RemoteResults measure(const Connection& connection, const HttpClientOptions& o, const GatewayInfo& info, const std::string& prompt) {
  RemoteResults results;
  results.prompt = prompt;
  std::tie(results.protocol, results.endpoint) = info.protocol(o.protocol, connection.address());
  results.created = utc_now();
  Json request{{"text", prompt}, {"max_tokens", info.most(o.max_new, HttpClientOptions().max_new)}, {"chat", prompt == kPrompt}};
  add_sampling(request, o.sampling);
  for (std::size_t i = 0; i < o.warmup + o.runs; ++i) {
    const Clock clock;
    const Json answer = connection.post(results.endpoint, request);
    const double wall = clock.seconds();
    if (i < o.warmup) continue;
    read_answer(connection.address(), [&] {
      results.runs.push_back(run_of(answer, wall));
      results.prompt_tokens = answer.at("prompt_tokens");
      results.traffic = traffic_of(answer);
    });
  }
  return results;
}

}  // namespace

int client_benchmark(const HttpClientOptions& o) {
  const Connection connection(o);
  const std::string prompt = o.prompt || !o.prompt_file.empty() ? prompt_of(o.prompt, o.prompt_file) : kPrompt;
  if (prompt.empty()) throw Error("the prompt is empty: there is nothing to measure");
  if (!o.out.empty()) check_writable(o.out);
  connection.warn_of_strangers();
  const GatewayInfo info = ask_for_info(connection);
  const RemoteResults results = measure(connection, o, info, prompt);
  const Json all = json_of(results, o, info, connection.address());
  if (!o.out.empty()) write_file(o.out, all.dump(1) + "\n");
  show(o.json ? all.dump(1) + "\n" : table_of(results, o, connection.address()));
  return 0;
}

}  // namespace shardlm::app
