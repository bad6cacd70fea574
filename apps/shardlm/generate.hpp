// shardlm generate.
#pragma once

#include "launch.hpp"
#include "options.hpp"

namespace shardlm::app {

// On four ranks. trouble: a sentence about this rank's command line, which the others learn, or "". Returns the exit code.
int generate_private(const GenerateOptions& options, const std::string& trouble);

// In ordinary floating point, in one process, which sees everything. Throws Error.
int generate_plain(const GenerateOptions& options);

}  // namespace shardlm::app
