#include "bench.hpp"

#include <Kokkos_Core.hpp>
#include <cstdio>
#include <memory>

#include "alike.hpp"
#include "answer_file.hpp"
#include "answering.hpp"
#include "bench_results.hpp"
#include "choices.hpp"
#include "clock.hpp"
#include "in_thread.hpp"
#include "job.hpp"
#include "memory.hpp"
#include "provenance.hpp"
#include "shardlm/protocol/trace_gathering.hpp"
#include "shardlm/qwen/plain.hpp"
#include "tokens_to_measure.hpp"
#include "utc.hpp"

namespace shardlm::app {
namespace {

using net::Role;
using trace::Region;
using Step = std::function<std::vector<float>(const std::vector<text::Token>&)>;

double milliseconds(double seconds) { return 1000 * seconds; }

// The prompt and all tokens after it, each drawn from the logits before it. An end token ends nothing: every run does the same work.
BenchRun answer(const Step& step, const std::vector<text::Token>& prompt, const BenchOptions& o, trace::Recorder* recorder) {
  BenchRun run;
  text::Sampler sampler(o.sampling);
  std::vector<text::Token> seen = prompt, fresh = prompt;
  for (std::size_t i = 0; i < o.max_tokens; ++i) {
    const Clock clock;
    std::vector<float> logits = step(fresh);
    {
      const trace::Scope scope(recorder, Region::sampling);
      fresh = {sampler.next(std::move(logits), seen)};
    }
    seen.push_back(fresh[0]);
    const double took = milliseconds(clock.seconds());
    if (i == 0) {
      run.prefill = took;
    } else {
      run.tokens.push_back(took);
      run.decode += took;
    }
  }
  return run;
}

void say(const BenchOptions& o, std::size_t i, const BenchRun& run) {
  const bool warm = i >= o.warmup;
  std::fprintf(stderr, "%s %zu of %zu: %.1f ms\n", warm ? "run" : "warm-up", warm ? i - o.warmup + 1 : i + 1, warm ? o.runs : o.warmup, run.total);
}

void write(const BenchResults& results, const BenchOptions& o) {
  const std::string table = table_of(results, o);
  if (std::fputs(table.c_str(), stdout) < 0 || std::fflush(stdout) != 0) throw Error("cannot write the results to standard output");
  if (!o.out.empty()) write_file(o.out, json_of(results, o).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

// A rank's part in a benchmark: the client's measures, all of them record.
class Bench {
 public:
  explicit Bench(const BenchOptions& options) : o_(options), recorder_(options.warmup) {}

  ClientPart part() {
    ClientPart part;
    if (o_.prompt) part.told = "-p";
    part.recorder = recorder();
    part.attested = [this](const Attested& all) { results_.attested = all; };
    part.prepare = [this](const io::ModelFile& model) { return prepare(model); };
    part.before = [this](net::World& world) { meet(world); };
    part.run = [this](protocol::Client& client, const io::ModelFile& model, double start_up) { run(client, model, start_up); };
    part.after = [this](net::World& world) { finish(world); };
    return part;
  }

 private:
  Extent prepare(const io::ModelFile& model) {
    for (const std::string& path : {o_.out, o_.trace})
      if (!path.empty()) check_writable(path);
    prompt_ = tokens_to_measure(o_, model.config(), model.tokenizer_json(), model.chat_template());
    const std::size_t longest = positions(o_, prompt_.tokens.size());
    return {longest, longest + o_.max_tokens - 1};
  }

  // What the machines do before they are measured. Ranks with command lines of their own must record the same runs.
  void meet(net::World& world) {
    world_ = &world;
    const std::string wanted = (o_.trace.empty() ? "no trace, " : "a trace, ") + std::to_string(o_.warmup) + " warm-up runs";
    require_alike(world, wanted, [&wanted](const std::vector<std::string>&, int rank) {
      return "client was asked for " + wanted + ", and " + net::name(Role(rank)) + " for something else: give every rank the same -w and --trace";
    });
    const std::string mine = machine_facts().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::vector<std::string> all = world.gather_all(mine);
    for (int rank = 0; world.role() == Role::client && rank < net::kParties; ++rank) {
      nlohmann::ordered_json facts{{"rank", rank}, {"role", net::name(Role(rank))}};
      facts.update(machine_facts_of(all[rank], net::name(Role(rank))));
      results_.machines.push_back(facts);
    }
  }

  void run(protocol::Client& client, const io::ModelFile& model, double start_up) {
    results_.start_up = milliseconds(start_up);
    results_.created = utc_now();
    results_.model = model.name();
    results_.digest = model.digest();
    results_.config = model.config();
    results_.build = build_facts();
    prompt_.describe(results_);
    client.record(recorder());
    recorder_.count([this] { return trace::Counts{sent(), 0}; });
    for (std::size_t i = 0; i < o_.warmup + o_.runs; ++i) {
      const BenchRun run = ask(client, i >= o_.warmup);
      say(o_, i, run);
      if (i >= o_.warmup) results_.runs.push_back(run);
    }
    recorder_.count({});
    results_.client_peak = protocol::peak_memory();
    for (auto& parts : results_.parts)
      for (double& part : parts) part /= double(o_.runs);
  }

  std::uint64_t sent() const {
    std::uint64_t bytes = 0;
    for (int lane = 1; lane <= net::kLanes; ++lane) bytes += world_->sent(static_cast<net::Lane>(lane)).bytes;
    return bytes;
  }

  BenchRun ask(protocol::Client& client, bool measured) {
    const auto bytes = client.oblivious_bytes();
    const double embedding = client.prompt_embedding_seconds(), start = trace::now();
    BenchRun run;
    {
      const trace::Scope scope(recorder(), Region::request);
      client.announce(lengths(o_, prompt_.tokens.size(), o_.max_tokens - 1));
      run = answer([&client](const std::vector<text::Token>& tokens) { return client.step(tokens); }, prompt_.tokens, o_, recorder());
    }
    const double end = trace::now();
    run.total = milliseconds(end - start);
    run.embedding = milliseconds(client.prompt_embedding_seconds() - embedding);
    run.prefill -= run.embedding;
    take_reports(client.finish(), run, measured);
    if (!measured) return run;
    results_.oblivious_sent = client.oblivious_bytes().sent - bytes.sent;
    results_.oblivious_received = client.oblivious_bytes().received - bytes.received;
    traced_.push_back({start, end, prompt_.tokens.size(), o_.max_tokens});
    return run;
  }

  void take_reports(const Reports& reports, BenchRun& run, bool measured) {
    results_.reports = reports;
    run.dealer = milliseconds(reports[int(Role::dealer)].busy);
    for (Role server : {Role::server0, Role::server1}) {
      const auto& seconds = reports[int(server)].seconds;
      run.dealer_waited_for = std::max(run.dealer_waited_for, milliseconds(seconds[int(mpc::Part::dealer)]));
      for (int part = 0; measured && part < mpc::kParts; ++part) results_.parts[int(server)][part] += milliseconds(seconds[part]);
    }
  }

  void finish(net::World& world) {
    std::vector<io::RankTrace> ranks;
    if (!o_.trace.empty()) ranks = protocol::gather_traces(world, recorder_, host_name());
    if (world.role() != Role::client) return;
    write(results_, o_);
    if (!o_.trace.empty()) write_trace(world, std::move(ranks));
  }

  // Which may take a while, in which the others wait.
  void write_trace(net::World& world, std::vector<io::RankTrace> ranks) {
    const std::string attestation = lines_of(results_.attested);
    const auto whole = std::make_shared<const io::Trace>(io::Trace{SHARDLM_VERSION, o_.protocol, results_.model, results_.build.at("commit"), results_.created,
                                                                   attestation.substr(0, attestation.find_last_not_of('\n') + 1), std::move(ranks), traced_});
    const std::string trouble = in_thread(world, [whole, path = o_.trace] { io::write_trace(path, *whole); });
    if (!trouble.empty()) throw Error(trouble + "; the results are written");
  }

  trace::Recorder* recorder() { return o_.trace.empty() ? nullptr : &recorder_; }

  const BenchOptions& o_;
  net::World* world_ = nullptr;
  trace::Recorder recorder_;
  MeasuredPrompt prompt_;
  BenchResults results_;
  std::vector<io::TraceRun> traced_;
};

}  // namespace

int bench_private(const BenchOptions& o, const std::string& trouble) {
  Bench bench(o);
  return on_four_ranks(o, trouble, bench.part());
}

int bench_plain(const BenchOptions& o) {
  refuse_private_options(o);
  if (!o.trace.empty()) throw Error("--trace shows what four ranks do, and --protocol plain has one process: leave it out");
  if (!o.out.empty()) check_writable(o.out);
  const Clock since_start;
  int argc = 0;
  const Kokkos::ScopeGuard kokkos(argc, nullptr);
  const qwen::PlainModel model(o.model);
  const MeasuredPrompt prompt = tokens_to_measure(o, model.config(), model.tokenizer_json(), model.chat_template());
  BenchResults results;
  results.start_up = milliseconds(since_start.seconds());
  results.created = utc_now();
  results.model = o.model;
  results.config = model.config();
  results.build = build_facts();
  results.machines.push_back(machine_facts());
  prompt.describe(results);
  for (std::size_t i = 0; i < o.warmup + o.runs; ++i) {
    const Clock clock;
    qwen::PlainSession session(model);
    BenchRun run = answer([&session](const std::vector<text::Token>& tokens) { return session.forward(tokens); }, prompt.tokens, o, nullptr);
    run.total = milliseconds(clock.seconds());
    say(o, i, run);
    if (i >= o.warmup) results.runs.push_back(run);
  }
  write(results, o);
  return 0;
}

}  // namespace shardlm::app
