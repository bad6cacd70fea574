// What an answer took and cost, for people (--timing) and programs (--json).
#pragma once

#include <array>
#include <optional>

#include "conversation.hpp"
#include "secure.hpp"
#include "shardlm/protocol/session.hpp"

namespace shardlm::app {

struct Measured {
  Answer answer;
  double start_up = 0;                                                 // seconds from main to the announcement
  double embedding = 0, prompt_embedding = 0;                          // seconds in which the client got rows and made shares
  std::uint64_t oblivious_sent = 0, oblivious_received = 0;            // bytes for rows, of the client
  Attested attested;                                                   // of the other ranks' machines
  double request = 0;                                                  // seconds from the announcement to the reports
  std::optional<std::array<protocol::Report, net::kParties>> reports;  // none where the answer was plain
};

// Prints what the options ask for: a table on stderr, an object with the answer on stdout, or nothing.
void report(const Measured& measured, const io::ModelConfig& config, const GenerateOptions& options);

}  // namespace shardlm::app
