// shardlm share.
#pragma once

#include "options.hpp"

namespace shardlm::app {

// Throws Error; then, and after SIGINT or SIGTERM, nothing of the share set is left behind.
int share(const ShareOptions& options);

}  // namespace shardlm::app
