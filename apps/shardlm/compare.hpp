// shardlm compare: the private engine against the plaintext one.
#pragma once

#include "options.hpp"

namespace shardlm::app {

// On four ranks; trouble as generate_private's. Returns the exit code.
int compare(const CompareOptions& options, const std::string& trouble);

}  // namespace shardlm::app
