// Secure channels for a job: whose keys, what its ranks must have in common, and what was found out about their machines.
#pragma once

#include <array>
#include <string>

#include "choices.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::app {

struct Attested {
  std::array<std::string, net::kParties> machines;  // what was checked of each rank's, by rank; "" for this one, and for all where the channels are plain
  double seconds = 0;                               // that the handshakes took, with their evidence
};

// Collective, first of all: every rank wants the same, and then world.secure(). trouble: a sentence that says why this rank cannot go on.
Attested secure_channels(net::World& world, const JobOptions& options);

// "attestation: none (software encryption only)", or a line for each rank where they differ.
std::string lines_of(const Attested& attested);

}  // namespace shardlm::app
