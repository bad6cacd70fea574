// What --version prints.
#pragma once

#include <string>

namespace shardlm::app {

std::string version();

}  // namespace shardlm::app
