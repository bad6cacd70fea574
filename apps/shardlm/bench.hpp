// shardlm bench: one protocol, measured many times.
#pragma once

#include <string>

#include "options.hpp"

namespace shardlm::app {

// On four ranks. trouble: a sentence about this rank's command line, which the others learn, or "". Returns the exit code.
int bench_private(const BenchOptions& options, const std::string& trouble);

// The plaintext engine, in one process. Throws Error.
int bench_plain(const BenchOptions& options);

}  // namespace shardlm::app
