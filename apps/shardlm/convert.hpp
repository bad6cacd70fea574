// shardlm convert.
#pragma once

#include "options.hpp"

namespace shardlm::app {

// Throws Error; then, and after SIGINT or SIGTERM, nothing of the model file is left behind.
int convert(const ConvertOptions& options);

}  // namespace shardlm::app
