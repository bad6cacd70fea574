// Traces as HDF5: what every rank of a benchmark recorded (core/trace.hpp), on one clock, in one file. Its form: docs/results.md.
//
// Plain HDF5 with compressed columns, so that any reader of HDF5 can use it: nothing of ours is needed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shardlm/core/trace.hpp"

namespace shardlm::io {

struct RankTrace {
  std::string role, host;
  double offset = 0, uncertainty = 0;  // s: this rank's clock minus the client's, and how far off that may be
  std::uint64_t dropped = 0;
  std::vector<trace::Event> events;  // on this rank's clock
};

// A measured request; index: its number.
struct TraceRun {
  double start = 0, end = 0;  // on the client's clock
  std::uint64_t prompt_tokens = 0, new_tokens = 0;
};

struct Trace {
  std::string version, protocol, model, commit, created, attestation;
  std::vector<RankTrace> ranks;  // by rank
  std::vector<TraceRun> runs;
};

// Times become those of the client's clock since the first run's start. The file appears whole or not at all. Throws Error.
void write_trace(const std::string& path, const Trace& trace);

}  // namespace shardlm::io
