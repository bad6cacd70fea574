#include "secure.hpp"

#include "alike.hpp"
#include "clock.hpp"

#include <filesystem>
#include <optional>

#include "peers.hpp"
#include "shardlm/attest/collect.hpp"
#include "shardlm/attest/verify.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/protocol/session.hpp"
#include "shardlm/seal/key_files.hpp"

namespace shardlm::app {
namespace {

using net::Role;

// What this rank has, or why it cannot go on.
struct Own {
  std::vector<protocol::Choices> offered;
  std::optional<seal::Identity> identity;
  std::optional<Peers> peers;
  std::string trouble;
};

seal::Identity identity_of(Role role, const std::string& path) {
  if (path.empty()) throw Error("secure channels need this rank's identity: make one with shardlm keys new, and name it with --identity");
  return seal::read_identity(std::filesystem::is_directory(path) ? path + "/" + file_name(role) + ".key" : path);
}

Own own(Role role, const JobOptions& o) {
  Own own;
  try {
    own.offered = offered(o);
    if (!own.offered[0].secure_channels) return own;
    own.identity = identity_of(role, o.identity);
    if (o.peers.empty()) throw Error("secure channels need to know who the other ranks are: name the deck of their public keys with --peers");
    own.peers = read_peers(o.peers);
    if (own.peers->keys[int(role)] != own.identity->public_key())
      throw Error("the identity of this rank is " + seal::to_text(own.identity->public_key()) + ", and " + o.peers + " has another key for [" +
                  file_name(role) + "]");
  } catch (const std::exception& error) {
    own.trouble = error.what();
  }
  return own;
}

// What came before there is any trust is not printed as it came.
std::string known(const std::string& wanted) { return wanted == "secure" || wanted == "plain" ? wanted : "something else"; }

// Ranks that demand different things of each other are ranks of two jobs.
std::string context(const std::vector<protocol::Choices>& offered, const Peers& peers) {
  std::string text = protocol::context_of(offered);
  for (int rank = 0; rank < net::kParties; ++rank) {
    const attest::Policy& policy = peers.policies[rank];
    text += "; " + seal::to_text(peers.keys[rank]) + " " + std::to_string(int(policy.mode)) + " " + policy.provider + (policy.gpu ? " gpu" : "") +
            (policy.verifier.empty() ? "" : " verified");
    for (const std::string& measurement : policy.measurements) text += " " + measurement;
  }
  return text;
}

}  // namespace

Attested secure_channels(net::World& world, const JobOptions& o) {
  const Own mine = own(world.role(), o);
  world.agree(mine.trouble);
  require_alike(world, mine.offered[0].secure_channels ? "secure" : "plain", [](const std::vector<std::string>& wanted, int rank) {
    return "channels are " + known(wanted[0]) + " at client and " + known(wanted[rank]) + " at " + net::name(Role(rank)) +
           ": give every rank the same --protocol and --secure-channels";
  });
  Attested attested;
  if (!mine.offered[0].secure_channels) return attested;
  const Peers& peers = *mine.peers;
  const auto evidence = [&](const seal::Digest& binding) { return attest::pack(attest::collect(peers.policies[int(world.role())], binding).evidence); };
  const auto verify = [&](Role peer, const seal::Bytes& bytes, const seal::Digest& binding) {
    attested.machines[int(peer)] = attest::verify(peers.policies[int(peer)], bytes, binding).summary;
  };
  const Clock clock;
  world.secure({*mine.identity, peers.keys, context(mine.offered, peers), evidence, verify});
  attested.seconds = clock.seconds();
  return attested;
}

std::string lines_of(const Attested& all) {
  std::string same, lines;
  bool differ = false;
  for (int rank = 0; rank < net::kParties; ++rank) {
    if (all.machines[rank].empty()) continue;
    differ = differ || (!same.empty() && all.machines[rank] != same);
    same = all.machines[rank];
    lines += std::string(net::name(Role(rank))) + ": " + all.machines[rank] + "\n";
  }
  return differ ? lines : same.empty() ? "" : same + "\n";
}

}  // namespace shardlm::app
