#include "costs.hpp"

#include "shardlm/protocol/presets.hpp"

namespace shardlm::app {

nlohmann::ordered_json costs_json(const mpc::Costs& c) {
  return {{"rounds", c.rounds},
          {"opened_bytes", c.opened_bytes},
          {"dealt_bytes", c.dealt_bytes},
          {"key_bytes", c.key_bytes},
          {"prg_blocks", c.prg_blocks}};
}

mpc::Costs predicted(const io::ModelConfig& config, const std::string& protocol, std::size_t prompt, std::size_t decoded, std::size_t past) {
  const protocol::Choices choices = protocol::preset(protocol);
  return qwen::predict(qwen::Model(config, choices.secret_weights), prompt, decoded, past, choices.engine);
}

bool servers_agree(const Reports& reports) {
  const mpc::Costs counted = reports[int(net::Role::server1)].costs;
  mpc::Costs other = reports[int(net::Role::server0)].costs;
  other.dealt_bytes = counted.dealt_bytes;
  return other == counted;
}

}  // namespace shardlm::app
