// What a benchmark measured, for people (a table) and for programs (docs/results.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "costs.hpp"
#include "options.hpp"
#include "secure.hpp"
#include "shardlm/io/model_config.hpp"

namespace shardlm::app {

// One measured request; times in milliseconds.
struct BenchRun {
  double embedding = 0, prefill = 0, decode = 0, total = 0;
  double dealer = 0, dealer_waited_for = 0;
  std::vector<double> tokens;  // each one after the first
};

struct BenchResults {
  std::string prompt;                            // its text
  std::size_t text_tokens = 0, prompt_tokens = 0;  // of the text as the tokenizer reads it; of what was measured
  std::vector<BenchRun> runs;
  double start_up = 0;  // ms
  std::string model, digest, created;
  io::ModelConfig config;
  nlohmann::ordered_json build, machines;  // machines: a list, by rank
  // Of the private protocols, of the last run: all runs cost the same.
  Reports reports{};
  std::array<std::array<double, mpc::kParts>, net::kParties> parts{};  // ms, mean of a run
  std::uint64_t client_peak = 0, oblivious_sent = 0, oblivious_received = 0;
  Attested attested;
};

nlohmann::ordered_json json_of(const BenchResults& results, const BenchOptions& options);
std::string table_of(const BenchResults& results, const BenchOptions& options);

}  // namespace shardlm::app
