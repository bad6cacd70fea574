// What a request was counted to cost.
#pragma once

#include <array>
#include <nlohmann/json.hpp>

#include "shardlm/protocol/session.hpp"

namespace shardlm::app {

using Reports = std::array<protocol::Report, net::kParties>;  // by rank

nlohmann::ordered_json costs_json(const mpc::Costs& costs);

// What a turn should cost one party.
mpc::Costs predicted(const io::ModelConfig& config, const std::string& protocol, std::size_t prompt, std::size_t decoded, std::size_t past = 0);

// Do both servers count the same? But for dealt words: server 0 is dealt none, it draws its own.
bool servers_agree(const Reports& reports);

}  // namespace shardlm::app
