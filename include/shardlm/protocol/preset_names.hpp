// The names of the private protocols (presets.hpp), for those who need no more than these: no Kokkos here.
#pragma once

#include <string>
#include <vector>

namespace shardlm::protocol {

const std::vector<std::string>& preset_names();

}  // namespace shardlm::protocol
