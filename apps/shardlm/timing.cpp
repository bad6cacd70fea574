#include "timing.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "choices.hpp"
#include "costs.hpp"
#include "memory.hpp"

namespace shardlm::app {
namespace {

using net::Role;
using protocol::Report;

// What a run should have cost one party, and what it did: the servers' counts, which are the same, and what server 1 was dealt.
struct Compared {
  mpc::Costs predicted, counted;
  bool servers_agree = false;
};

Compared compare(const Measured& m, const io::ModelConfig& config, const GenerateOptions& o) {
  Compared c;
  c.predicted = predicted(config, o.protocol, positions(o, m.answer.prompt), m.answer.steps - 1);
  c.counted = (*m.reports)[int(Role::server1)].costs;
  c.servers_agree = servers_agree(*m.reports);
  return c;
}

double a_second(std::size_t n, double seconds) { return seconds > 0 ? double(n) / seconds : 0; }

void print_times(const Measured& m) {
  const Answer& a = m.answer;
  std::fprintf(stderr, "\n%-22s %9s\n", "", "seconds");
  std::fprintf(stderr, "%-22s %9.3f\n", "start-up", m.start_up);
  if (m.reports) std::fprintf(stderr, "%-22s %9.3f   the prompt's %.4f\n", "embedding", m.embedding, m.prompt_embedding);
  std::fprintf(stderr, "%-22s %9.3f   %zu tokens, %.1f a second\n", "prefill", a.prefill, a.prompt, a_second(a.prompt, a.prefill));
  std::fprintf(stderr, "%-22s %9.3f   %zu tokens, %.1f a second\n", "decode", a.decode, a.steps - 1, a_second(a.steps - 1, a.decode));
  if (!m.reports) return;
  for (Role role : {Role::server0, Role::server1, Role::dealer})
    if (const double rows = (*m.reports)[int(role)].rows; rows > 0)
      std::fprintf(stderr, "%-22s %9.3f\n", (std::string("rows at ") + net::name(role)).c_str(), rows);
  const double busy = (*m.reports)[int(Role::dealer)].busy;
  std::fprintf(stderr, "%-22s %9.3f\n%-22s %9.3f\n", "dealer busy", busy, "dealer waiting", std::max(0.0, m.request - busy));
}

void print_cost(const char* name, std::uint64_t counted, std::uint64_t predicted, bool bytes) {
  const std::string verdict = counted == predicted ? "as predicted" : "predicted: " + std::to_string(predicted);
  std::fprintf(stderr, "%-22s %12llu   %s%s\n", name, static_cast<unsigned long long>(counted),
               bytes ? (readable(counted) + ", ").c_str() : "", verdict.c_str());
}

void print_costs(const Compared& c) {
  std::fprintf(stderr, "\n");
  print_cost("rounds", c.counted.rounds, c.predicted.rounds, false);
  print_cost("opened bytes", c.counted.opened_bytes, c.predicted.opened_bytes, true);
  print_cost("dealt bytes", c.counted.dealt_bytes, c.predicted.dealt_bytes, true);
  print_cost("key bytes", c.counted.key_bytes, c.predicted.key_bytes, true);
  print_cost("ChaCha blocks", c.counted.prg_blocks, c.predicted.prg_blocks, false);
  if (!c.servers_agree) std::fprintf(stderr, "the two servers counted different costs\n");
}

void print_parts(const std::array<Report, net::kParties>& reports) {
  std::fprintf(stderr, "\n%-22s %9s %9s\n", "seconds of", "server 0", "server 1");
  for (int part = 0; part < mpc::kParts; ++part)
    std::fprintf(stderr, "%-22s %9.3f %9.3f\n", mpc::name(mpc::Part(part)), reports[int(Role::server0)].seconds[part],
                 reports[int(Role::server1)].seconds[part]);
}

std::uint64_t peak(const Measured& m, int rank) {
  return rank == int(Role::client) ? protocol::peak_memory() : (*m.reports)[rank].peak_bytes;
}

int threads() { return int(Kokkos::DefaultHostExecutionSpace().concurrency()); }

void print_memory(const Measured& m) {
  std::fprintf(stderr, "\n%-22s", "peak memory");
  if (!m.reports) std::fprintf(stderr, " %s", readable(protocol::peak_memory()).c_str());
  for (int rank = 0; m.reports && rank < net::kParties; ++rank)
    std::fprintf(stderr, "%s %s %s", rank > 0 ? "," : "", net::name(Role(rank)), readable(peak(m, rank)).c_str());
  std::fprintf(stderr, "\n%-22s %d\n", m.reports ? "threads a rank" : "threads", threads());
}

nlohmann::ordered_json json_of(const Measured& m, const io::ModelConfig& config, const GenerateOptions& o) {
  const Answer& a = m.answer;
  nlohmann::ordered_json j{
      {"answer", a.text}, {"prompt_tokens", a.prompt}, {"tokens", a.tokens}, {"ended", a.ended}, {"threads", threads()}};
  j["protocol"] = o.protocol;
  j["seconds"] = {{"start_up", m.start_up}, {"prefill", a.prefill}, {"decode", a.decode}};
  if (!m.reports) return j;
  j["embedding"] = protocol::name(choices(o).embedding);
  j["channels"] = choices(o).secure_channels ? "secure" : "plain";
  for (Role role : {Role::server0, Role::server1, Role::dealer})
    if (const std::string& said = m.attested.machines[int(role)]; !said.empty()) j["attestation"][net::name(role)] = said;
  j["positions"] = positions(o, a.prompt);
  j["oblivious_bytes"] = {{"sent", m.oblivious_sent}, {"received", m.oblivious_received}};
  j["seconds"]["embedding"] = m.embedding;
  j["seconds"]["embedding_of_prompt"] = m.prompt_embedding;
  for (Role role : {Role::server0, Role::server1, Role::dealer}) j["seconds"]["rows"][net::name(role)] = (*m.reports)[int(role)].rows;
  if (choices(o).secure_channels) j["seconds"]["handshakes"] = m.attested.seconds;
  j["seconds"]["request"] = m.request;
  j["seconds"]["dealer_busy"] = (*m.reports)[int(Role::dealer)].busy;
  for (Role server : {Role::server0, Role::server1})
    for (int part = 0; part < mpc::kParts; ++part)
      j["seconds"][net::name(server)][mpc::name(mpc::Part(part))] = (*m.reports)[int(server)].seconds[part];
  const Compared c = compare(m, config, o);
  j["costs"] = costs_json(c.counted);
  j["predicted"] = costs_json(c.predicted);
  for (int rank = 0; rank < net::kParties; ++rank) j["peak_bytes"][net::name(Role(rank))] = peak(m, rank);
  return j;
}

}  // namespace

void report(const Measured& m, const io::ModelConfig& config, const GenerateOptions& o) {
  if (o.json) {
    std::printf("%s\n", json_of(m, config, o).dump(1).c_str());
    if (std::fflush(stdout) != 0) throw Error("cannot write the answer to standard output");
  }
  if (!o.timing) return;
  print_times(m);
  if (m.reports) {
    print_costs(compare(m, config, o));
    print_parts(*m.reports);
  }
  print_memory(m);
}

}  // namespace shardlm::app
