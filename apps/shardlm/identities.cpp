#include "identities.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "answer_file.hpp"
#include "peers.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/seal/key_files.hpp"

namespace shardlm::app {
namespace {

int print(const seal::PublicKey& key) { return std::printf("%s\n", seal::to_text(key).c_str()) < 0 || std::fflush(stdout) != 0; }

}  // namespace

int keys_new(const KeysOptions& o) {
  const seal::Identity identity = seal::Identity::generate();
  seal::write_identity(o.path, identity);
  return print(identity.public_key());
}

int keys_show(const KeysOptions& o) { return print(seal::read_identity(o.path).public_key()); }

int keys_trial(const KeysOptions& o) {
  if (mkdir(o.path.c_str(), 0700) != 0) throw Error("cannot make the folder " + o.path + ": " + std::strerror(errno));
  std::string deck = "# All four identities lie beside this deck: to try secure channels out, and for nothing else.\nattestation = \"preferred\"\n";
  for (int rank = 0; rank < net::kParties; ++rank) {
    const std::string name = file_name(net::Role(rank));
    const seal::Identity identity = seal::Identity::generate();
    seal::write_identity(o.path + "/" + name + ".key", identity);
    deck += "\n[" + name + "]\nkey = \"" + seal::to_text(identity.public_key()) + "\"\n";
  }
  write_file(o.path + "/peers.toml", deck);
  std::fprintf(stderr, "%s: four identities and peers.toml; give every rank --identity %s --peers %s/peers.toml\n", o.path.c_str(), o.path.c_str(),
               o.path.c_str());
  return 0;
}

}  // namespace shardlm::app
