// Ranks may have command lines of their own, but some of what they say must be alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shardlm/net/world.hpp"

namespace shardlm::app {

// Collective: throws on every rank alike unless all bring what the client brings. sentence(all, rank): about the first rank that does not.
inline void require_alike(net::World& world, const std::string& mine,
                          const std::function<std::string(const std::vector<std::string>& all, int rank)>& sentence) {
  const std::vector<std::string> all = world.gather_all(mine);
  std::string trouble;
  for (int rank = 1; rank < net::kParties && trouble.empty(); ++rank)
    if (all[rank] != all[0]) trouble = sentence(all, rank);
  world.agree(world.role() == net::Role::client ? trouble : std::string());
}

}  // namespace shardlm::app
