// Who the ranks of a job are, and what their machines must prove: a deck of its own, the same on every rank.
//
//   attestation = "preferred"            # none (default), preferred, or required
//   verifier = "check -in {report} -report_data {report_data_hex}"
//
//   [server0]                            # client, server0, server1, dealer
//   key = "ed25519:..."
//   provider = "sev_guest"               # or tdx_guest; these four may also stand above all sections, for every rank
//   measurement = "<96 hex digits>"      # several: parted by blanks
//   gpu = true
#pragma once

#include <array>
#include <string>

#include "shardlm/attest/policy.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::app {

struct Peers {
  std::array<seal::PublicKey, net::kParties> keys{};
  std::array<attest::Policy, net::kParties> policies;  // of each rank's evidence; all of one mode
  attest::Mode mode() const { return policies[0].mode; }
};

// "client", "server0", "server1", "dealer": sections of a deck, and key files without their ".key".
const char* file_name(net::Role role);

// Throws Error, with the line's number, for a deck that cannot be read, lacks a key, or gives two ranks the same.
Peers read_peers(const std::string& path);

}  // namespace shardlm::app
