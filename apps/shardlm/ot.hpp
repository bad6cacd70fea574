// shardlm ot: makes and renews sealed tables, for --embedding ot.
#pragma once

#include "options.hpp"

namespace shardlm::app {

int ot_make(const OtOptions& options);
int ot_rotate(const OtOptions& options);

}  // namespace shardlm::app
