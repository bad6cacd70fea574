#include "shardlm/protocol/preset_names.hpp"

namespace shardlm::protocol {

const std::vector<std::string>& preset_names() {
  static const std::vector<std::string> names{"v2", "v3", "v3-ot", "v3-mpc", "v3-cc"};
  return names;
}

}  // namespace shardlm::protocol
