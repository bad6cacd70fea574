// shardlm serve: a gateway on the client's rank, through which programs and browsers of this machine ask the four ranks.
#pragma once

#include "launch.hpp"
#include "options.hpp"

namespace shardlm::app {

// Before MPI is started. SIGUSR1, which mpirun passes on to all ranks, is for rank 0 alone: it ends the gateway in order, and a rank 0 that still
// starts at once.
void prepare_to_serve(const Launch& launch);

int serve(const GatewayOptions& options, const std::string& trouble);

}  // namespace shardlm::app
