// What each server saw, as JSON for the page that shows it.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "gateway/backend.hpp"

namespace shardlm::app {

nlohmann::json sights_of(const std::vector<Sight>& sights);

}  // namespace shardlm::app
