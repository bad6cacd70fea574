#include "shardlm/protocol/presets.hpp"

#include "shardlm/core/error.hpp"

namespace shardlm::protocol {

const char* name(Embedding embedding) {
  static const char* const names[] = {"table", "ot", "dpf"};
  return names[int(embedding)];
}

Embedding embedding(const std::string& text) {
  for (const Embedding e : {Embedding::table, Embedding::ot, Embedding::dpf})
    if (text == name(e)) return e;
  throw Error("there is no embedding '" + text + "'; there are table, ot and dpf");
}

Choices preset(const std::string& name) {
  Choices choices;
  if (name == "v2") choices.engine = qwen::Engine::additive;
  else if (name == "v3-ot") choices.embedding = Embedding::ot;
  else if (name == "v3-mpc") choices.secret_weights = true;
  else if (name == "v3-cc") choices.secure_channels = choices.sealed_files = true;
  else if (name != "v3") throw Error("there is no private protocol '" + name + "'");
  return choices;
}

void check(const Choices& choices) {
  if (choices.secret_weights && choices.embedding == Embedding::dpf)
    throw Error("--embedding dpf needs the embedding table at both servers, from which --protocol v3-mpc keeps it: use --embedding ot");
}

net::Role key_holder(const Choices& choices) { return choices.secret_weights ? net::Role::dealer : net::Role::server0; }

}  // namespace shardlm::protocol
