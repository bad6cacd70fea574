// The protocols are independent choices; their names are presets of these.
//
//   name     engine     weights                  embedding
//   v2       additive   public to the servers    the client's own table
//   v3       masked     public to the servers    the client's own table
//   v3-ot    masked     public to the servers    oblivious transfer
//   v3-mpc   masked     secret                   the client's own table
//   v3-cc    masked     public to the servers    the client's own table     channels encrypted, files sealed
//
// Secret weights: each server holds one additive share of them, the dealer's rank is the model's owner.
#pragma once

#include <string>

#include "shardlm/net/world.hpp"
#include "shardlm/protocol/preset_names.hpp"
#include "shardlm/qwen/decoder.hpp"

namespace shardlm::protocol {

// How the client comes by its tokens' embeddings: it has the table; it has a sealed one and opens the rows of its tokens with whoever holds
// the key (ot/rows.hpp); or it has none, and the servers read theirs without learning where (crypto/dpf_rows.hpp).
enum class Embedding : std::uint32_t { table = 0, ot = 1, dpf = 2 };
const char* name(Embedding embedding);
Embedding embedding(const std::string& name);  // throws Error for a name that there is not

struct Choices {
  qwen::Engine engine = qwen::Engine::masked;
  bool secret_weights = false;
  Embedding embedding = Embedding::table;
  bool secure_channels = false;  // net::World::secure
  bool sealed_files = false;     // no rank takes a model that lies on its disk in the clear
};

Choices preset(const std::string& name);  // of preset_names(); throws Error for a name that there is not

// Throws Error for choices that exclude each other.
void check(const Choices& choices);

// Who holds the key of a sealed table: the model's owner where weights are secret, else server 0.
net::Role key_holder(const Choices& choices);

}  // namespace shardlm::protocol
