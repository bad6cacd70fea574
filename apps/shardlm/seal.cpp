#include "seal.hpp"

#include <cstdio>
#include <filesystem>

#include "passphrase.hpp"
#include "progress.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error);
}

// A name that was mistyped must not cost the original, or the only key.
void require_apart(const SealOptions& o) {
  if (same_file(o.file, o.out))
    throw Error("--out is " + o.file + " itself: give the new file another name, and remove the old one when you have it");
  for (const std::string& secret : {o.unlock.key_file, o.unlock.passphrase_file})
    if (!secret.empty() && same_file(secret, o.out))
      throw Error("--out is " + secret + ", with which " + o.file + " is sealed: give the new file another name");
}

template <class Write>
int write(const SealOptions& o, bool fresh, const Write& write) {
  require_apart(o);
  const io::Unlock key = unlock(o.unlock, fresh);
  remove_on_signals();
  const Clock clock;
  Progress progress;
  write(key, [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); });
  std::fprintf(stderr, "%s written in %.1f s\n", o.out.c_str(), clock.seconds());
  return 0;
}

}  // namespace

io::Unlock unlock(const UnlockOptions& o, bool fresh) {
  if (!o.key_file.empty()) return io::Unlock::with_key_file(o.key_file);
  Passphrase passphrase;
  read_passphrase(o.passphrase_file, fresh, passphrase);
  return io::Unlock::with_passphrase(passphrase.bytes);
}

int seal_file(const SealOptions& o) {
  return write(o, true, [&o](const io::Unlock& key, const io::Progress& show) { io::seal_file(o.file, o.out, key, show); });
}

int unseal_file(const SealOptions& o) {
  return write(o, false, [&o](const io::Unlock& key, const io::Progress& show) { io::unseal_file(o.file, o.out, key, show); });
}

int keys_data(const KeysOptions& o) {
  const seal::DataKey key = seal::random_key();
  seal::write_data_key(o.file, key);
  std::fprintf(stderr, "%s written: data key %s; keep a copy, for nothing else opens what it seals\n", o.file.c_str(), seal::name_of(key).c_str());
  return 0;
}

}  // namespace shardlm::app
