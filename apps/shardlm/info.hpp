// shardlm info.
#pragma once

#include "options.hpp"

namespace shardlm::app {

int info(const InfoOptions& options);  // throws Error

}  // namespace shardlm::app
