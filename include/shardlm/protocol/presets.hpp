// The protocols are independent choices; their names are presets of these.
//
//   name     engine     weights
//   v2       additive   public to the servers
//   v3       masked     public to the servers
//   v3-mpc   masked     secret: each server holds one additive share of them, the dealer's rank is the model's owner
#pragma once

#include <string>
#include <vector>

#include "shardlm/qwen/decoder.hpp"

namespace shardlm::protocol {

struct Choices {
  qwen::Engine engine = qwen::Engine::masked;
  bool secret_weights = false;
};

const std::vector<std::string>& preset_names();
Choices preset(const std::string& name);  // throws Error for a name that there is not

}  // namespace shardlm::protocol
