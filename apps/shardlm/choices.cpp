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
  if (!o.tables.empty() && choices.embedding != protocol::Embedding::ot)
    throw Error(std::string("--ot is for a client that has its rows by oblivious transfer, and here the embedding is ") + protocol::name(choices.embedding) +
                ": give --embedding ot, or leave --ot out");
  return choices;
}

std::vector<protocol::Choices> offered(const JobOptions& o) {
  if (o.also.empty()) return {choices(o)};
  if (!o.embedding.empty()) throw Error("--embedding goes with one protocol, and --protocol names several: leave it out");
  std::vector<std::string> names = o.also;
  names.insert(names.begin(), o.protocol);
  JobOptions job = o;
  bool sealed = false, rows = false;
  for (const std::string& name : names) {
    const protocol::Choices one = protocol::preset(name);
    job.secure_channels = job.secure_channels || one.secure_channels;
    sealed = sealed || one.sealed_files;
    rows = rows || one.embedding == protocol::Embedding::ot;
  }
  if (rows) job.tables.clear();  // for that one, and not for the others
  std::vector<protocol::Choices> all;
  for (const std::string& name : names) {
    job.protocol = name;
    all.push_back(choices(job));
    all.back().sealed_files = sealed;
    if (all.back().secret_weights != all[0].secret_weights)
      throw Error("v3-mpc hides the weights from the servers, and the other protocols give them to the servers: offer it alone");
  }
  return all;
}

std::size_t positions(const JobOptions& o, std::size_t tokens) {
  if (o.pad_to == 0) return tokens;
  if (tokens > o.pad_to)
    throw Error("the prompt has " + std::to_string(tokens) + " tokens, more than the " + std::to_string(o.pad_to) +
                " of --pad-to: give more there, or ask something shorter");
  return o.pad_to;
}

protocol::Lengths lengths(const JobOptions& o, std::size_t tokens, std::size_t further) {
  protocol::Lengths lengths;
  lengths.prompt = positions(o, tokens);
  lengths.decode = further;
  lengths.padded = o.pad_to > 0;
  return lengths;
}

void check_padding(const JobOptions& o, std::size_t around, std::size_t most, const std::string& limit) {
  if (o.pad_to == 0) return;
  const std::string given = "--pad-to " + std::to_string(o.pad_to);
  if (o.pad_to <= around) throw Error(given + " is too little: the chat template alone takes " + std::to_string(around) + " tokens; give more");
  if (o.pad_to > most) throw Error(given + " is too much: " + limit + "; give " + std::to_string(most) + " or less");
}

void refuse_private_options(const JobOptions& o) {
  for (const auto& [given, name] : {std::pair{!o.embedding.empty(), "--embedding"}, std::pair{!o.tables.empty(), "--ot"}, std::pair{o.pad_to > 0, "--pad-to"},
                                   std::pair{o.secure_channels, "--secure-channels"}})
    if (given) throw Error(std::string(name) + " is for the private protocols: with --protocol plain nothing is hidden");
}

}  // namespace shardlm::app
