#include "options_parts.hpp"

namespace shardlm::app {
namespace {

void add(CLI::App& app, const char* name, const char* what, const char* file, SealOptions& o) {
  CLI::App* c = app.add_subcommand(name, what);
  c->add_option("file", o.file, file)->required();
  c->add_option("--out", o.out, "File to write")->required()->type_name("FILE");
  add_unlock(*c, o.unlock);
  c->final_callback([&o, name] {
    if (o.unlock.key_file.empty() && o.unlock.passphrase_file.empty())
      throw CLI::ValidationError(name, "give --key-file (shardlm keys data makes one) or --passphrase-file");
  });
}

}  // namespace

void add_unlock(CLI::App& c, UnlockOptions& o) {
  CLI::Option* key = c.add_option("--key-file", o.key_file, "Data key of sealed files (shardlm keys data)")->type_name("FILE");
  c.add_option("--passphrase-file", o.passphrase_file,
               "Passphrase of sealed files: the line of a file, or of standard input (-), which a terminal asks for")
      ->excludes(key)
      ->type_name("FILE");
}

void add_seal(CLI::App& app, SealOptions& o) {
  add(app, "seal", "Encrypt a file at rest: shardlm seal model.h5 --out model.sealed --key-file data.key",
      "Model file, file of a share set, sealed table or its key", o);
}

void add_unseal(CLI::App& app, SealOptions& o) {
  add(app, "unseal", "An open copy of a sealed file: shardlm unseal model.sealed --out model.h5 --key-file data.key", "Sealed file", o);
}

void add_keys(CLI::App& app, KeysOptions& o) {
  CLI::App* c = app.add_subcommand("keys", "Make keys: of ranks for secure channels, and of files at rest");
  c->require_subcommand(1);
  c->footer(
      "A key is never overwritten, and only its owner may read the file. A rank's identity stays on its host; its public key, which is\n"
      "printed, goes into the deck of peers of every rank.");
  const auto add = [&](const char* name, const char* what, const char* file) {
    c->add_subcommand(name, what)->add_option("file", o.file, file)->required();
  };
  add("new", "An identity of a rank (--secure-channels); prints its public key", "Key file to write, which is not there yet");
  add("show", "Print the public key of an identity", "Key file");
  add("trial", "Four identities and their deck in a folder, to try secure channels out on one machine", "Folder to write");
  add("data", "A data key, which seals files at rest (shardlm seal)", "Key file to write, which is not there yet");
}

}  // namespace shardlm::app
