// The names under which the model is asked for: NAME, which is the first protocol's, and NAME:v2 and so on for each that was loaded.
#pragma once

#include <string>

#include "gateway/exchange.hpp"
#include "gateway/json.hpp"

namespace shardlm::app {

std::vector<std::string> model_ids(const GatewaySettings& settings);

// Throws ApiError (404) that lists those that were loaded.
void check_loaded(const GatewaySettings& settings, const std::string& protocol, const std::string& param);

// The protocol that a request's "model" and its "shardlm": {"protocol"} choose. Throws ApiError for one that there is not, or two that differ.
std::string chosen_protocol(const GatewaySettings& settings, const Fields& fields);

}  // namespace shardlm::app
