#include "choices.hpp"

#include "shardlm/core/error.hpp"

namespace shardlm::app {

protocol::Choices choices(const JobOptions& o) {
  protocol::Choices choices = protocol::preset(o.protocol);
  if (!o.embedding.empty()) choices.embedding = protocol::embedding(o.embedding);
  choices.secure_channels = choices.secure_channels || o.secure_channels;
  protocol::check(choices);
  for (const auto& [given, name] : {std::pair{!o.identity.empty(), "--identity"}, std::pair{!o.peers.empty(), "--peers"}})
    if (given && !choices.secure_channels) throw Error(std::string(name) + " goes with --protocol v3-cc or --secure-channels: give one of these, too");
  return choices;
}

std::size_t positions(const JobOptions& o, std::size_t tokens) {
  if (o.pad_to == 0) return tokens;
  if (tokens > o.pad_to)
    throw Error("the prompt has " + std::to_string(tokens) + " tokens, more than the " + std::to_string(o.pad_to) +
                " of --pad-to: give more there, or ask something shorter");
  return o.pad_to;
}

void refuse_private_options(const JobOptions& o) {
  for (const auto& [given, name] : {std::pair{!o.embedding.empty(), "--embedding"}, std::pair{!o.tables.empty(), "--ot"}, std::pair{o.pad_to > 0, "--pad-to"},
                                   std::pair{o.secure_channels, "--secure-channels"}})
    if (given) throw Error(std::string(name) + " is for the private protocols: with --protocol plain nothing is hidden");
}

}  // namespace shardlm::app
