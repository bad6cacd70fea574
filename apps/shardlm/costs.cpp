#include "costs.hpp"

namespace shardlm::app {

nlohmann::ordered_json costs_json(const mpc::Costs& c) {
  return {{"rounds", c.rounds},
          {"opened_bytes", c.opened_bytes},
          {"dealt_bytes", c.dealt_bytes},
          {"key_bytes", c.key_bytes},
          {"prg_blocks", c.prg_blocks}};
}

bool servers_agree(const Reports& reports) {
  const mpc::Costs counted = reports[int(net::Role::server1)].costs;
  mpc::Costs other = reports[int(net::Role::server0)].costs;
  other.dealt_bytes = counted.dealt_bytes;
  return other == counted;
}

}  // namespace shardlm::app
