#include "options_parts.hpp"

namespace shardlm::app {
namespace {

void add(CLI::App& app, const char* name, const char* what, const char* file, const std::vector<std::string>& examples, SealOptions& o) {
  CLI::App* c = app.add_subcommand(name, what);
  explain(*c,
          "Whoever has the data key, or knows the passphrase, opens the file; without it nobody does. Make a key with shardlm keys data.",
          examples);
  c->add_option("file", o.file, file)->required()->type_name("FILE");
  c->add_option("--out", o.out, "File to write")->required()->type_name("FILE");
  add_unlock(*c, o.unlock);
  c->final_callback([&o, name] {
    if (o.unlock.key_file.empty() && o.unlock.passphrase_file.empty())
      throw CLI::ValidationError(name, "give --key-file (shardlm keys data makes one) or --passphrase-file");
  });
}

}  // namespace

void add_unlock(CLI::App& c, UnlockOptions& o) {
  CLI::Option* key =
      c.add_option("--key-file", o.key_file, "Data key of sealed files (shardlm keys data)")->group(kSecurity)->type_name("FILE");
  c.add_option("--passphrase-file", o.passphrase_file,
               "Passphrase of sealed files: the line of a file, or of standard input (-), which a terminal asks for")
      ->excludes(key)
      ->group(kSecurity)
      ->type_name("FILE");
}

void add_seal(CLI::App& app, SealOptions& o) {
  add(app, "seal", "Encrypt a file at rest", "Model file, file of a share set, sealed table or its key",
      {"shardlm seal model.h5 --out sealed.h5 --key-file data.key", "shardlm seal model.h5 --out sealed.h5 --passphrase-file -"}, o);
}

void add_unseal(CLI::App& app, SealOptions& o) {
  add(app, "unseal", "Write an open copy of a sealed file", "Sealed file", {"shardlm unseal sealed.h5 --out model.h5 --key-file data.key"},
      o);
}

void add_keys(CLI::App& app, KeysOptions& o) {
  CLI::App* c = app.add_subcommand("keys", "Make keys: of ranks for secure channels, and of files at rest");
  c->require_subcommand(1);
  const std::string notes =
      "A key is never overwritten, and only its owner may read the file. A rank's identity stays on its host; its public key, which is "
      "printed, goes into the deck of peers of every rank.";
  std::vector<std::string> all;
  const auto add = [&](const char* name, const char* what, const char* type, const char* file, const std::string& example) {
    CLI::App* s = c->add_subcommand(name, what);
    s->add_option("file", o.file, file)->required()->type_name(type);
    explain(*s, notes, {example});
    all.push_back(example);
  };
  add("new", "Make a rank's identity (--secure-channels) and print its public key", "FILE", "Key file to write, which is not there yet",
      "shardlm keys new /etc/shardlm/rank.key");
  add("show", "Print the public key of an identity", "FILE", "Key file", "shardlm keys show /etc/shardlm/rank.key");
  add("trial", "Make four identities and their deck in a folder, to try secure channels out on one machine", "FOLDER", "Folder to write",
      "shardlm keys trial keys");
  add("data", "Make a data key, which seals files at rest (shardlm seal)", "FILE", "Key file to write, which is not there yet",
      "shardlm keys data data.key");
  explain(*c, notes, all, false);
}

}  // namespace shardlm::app
