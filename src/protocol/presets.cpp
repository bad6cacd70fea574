#include "shardlm/protocol/presets.hpp"

#include "shardlm/core/error.hpp"

namespace shardlm::protocol {

const std::vector<std::string>& preset_names() {
  static const std::vector<std::string> names{"v2", "v3", "v3-mpc"};
  return names;
}

Choices preset(const std::string& name) {
  if (name == "v2") return {qwen::Engine::additive, false};
  if (name == "v3") return {};
  if (name == "v3-mpc") return {qwen::Engine::masked, true};
  throw Error("there is no private protocol '" + name + "'");
}

}  // namespace shardlm::protocol
