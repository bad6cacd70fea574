// shardlm check: the margin between a model's values and the protocol's rings and tables.
#pragma once

#include "options.hpp"

namespace shardlm::app {

// Prints a table or JSON; throws Error where a margin is too small.
int check(const CheckOptions& options);

}  // namespace shardlm::app
