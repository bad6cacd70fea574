// shardlm serve: a gateway on the client's rank, through which programs and browsers of this machine ask the four ranks.
#pragma once

#include "options.hpp"

namespace shardlm::app {

int serve(const GatewayOptions& options, const std::string& trouble);

}  // namespace shardlm::app
