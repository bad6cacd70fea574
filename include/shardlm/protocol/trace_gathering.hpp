// Every rank's regions to the client, and how far their clocks are apart.
#pragma once

#include <string>
#include <vector>

#include "shardlm/io/trace_file.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::protocol {

// Collective, while no request is under way. On the client: what each rank recorded, by rank; elsewhere nothing. host: of this rank. An offset
// is found from the shortest of 16 round trips (Cristian, Distributed Computing 1989), of which half is how far off it may be.
std::vector<io::RankTrace> gather_traces(net::World& world, const trace::Recorder& mine, const std::string& host);

}  // namespace shardlm::protocol
