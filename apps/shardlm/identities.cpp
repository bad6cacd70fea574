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
  seal::write_identity(o.file, identity);
  return print(identity.public_key());
}

int keys_show(const KeysOptions& o) { return print(seal::read_identity(o.file).public_key()); }

int keys_trial(const KeysOptions& o) {
  if (mkdir(o.file.c_str(), 0700) != 0) throw Error("cannot make the folder " + o.file + ": " + std::strerror(errno));
  std::string deck = "# All four identities lie beside this deck: to try secure channels out, and for nothing else.\nattestation = \"preferred\"\n";
  for (int rank = 0; rank < net::kParties; ++rank) {
    const std::string name = file_name(net::Role(rank));
    const seal::Identity identity = seal::Identity::generate();
    seal::write_identity(o.file + "/" + name + ".key", identity);
    deck += "\n[" + name + "]\nkey = \"" + seal::to_text(identity.public_key()) + "\"\n";
  }
  write_file(o.file + "/peers.toml", deck);
  std::fprintf(stderr, "%s: four identities and peers.toml; give every rank --identity %s --peers %s/peers.toml\n", o.file.c_str(), o.file.c_str(),
               o.file.c_str());
  return 0;
}

}  // namespace shardlm::app
