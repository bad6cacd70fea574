#include "unsealed.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "in_thread.hpp"
#include "memory.hpp"
#include "progress.hpp"
#include "seal.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

using net::World;

// The same for ranks that can share what one of them decrypts.
std::string place_of(const std::string& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) throw Error("cannot open " + path);
  const auto space = [](const char* kind) {
    std::error_code error;
    return std::filesystem::read_symlink(std::string("/proc/self/ns/") + kind, error).string();
  };
  return host_identity() + " " + space("pid") + " " + space("user") + " " + std::to_string(getuid()) + " " + std::to_string(s.st_dev) + " " + std::to_string(s.st_ino);
}

// Standard input is the prompt's, and several ranks may need the passphrase.
io::Unlock unlock_of(const JobOptions& o, const std::string& path) {
  if (o.unlock.key_file.empty() && o.unlock.passphrase_file.empty()) throw Error("cannot use " + path + ": it is sealed; give --key-file or --passphrase-file, or open it with shardlm unseal");
  if (o.unlock.passphrase_file == "-") throw Error("the passphrase of a job's files comes from a file: ranks have no terminal to ask at");
  return unlock(o.unlock, false);
}

// Where this file is sealed its place, else "". Throws Error for one that lies in the clear where it must not.
std::string sealed_place(const std::string& path, const protocol::Choices& choices) {
  if (path.empty() || !std::filesystem::exists(path)) return "";  // whoever opens it says what is missing
  if (io::is_sealed(path)) return place_of(path);
  if (choices.sealed_files)
    throw Error(path + " lies there in the clear, and --protocol v3-cc takes sealed files: seal it with shardlm seal, or use --protocol v3 --secure-channels");
  return "";
}

// Another rank's word for where the image is: a descriptor of a process, and nothing else.
bool is_image(const std::string& path) {
  unsigned process = 0, descriptor = 0;
  int end = 0;
  struct stat s {};
  return std::sscanf(path.c_str(), "/proc/%u/fd/%u%n", &process, &descriptor, &end) == 2 && std::size_t(end) == path.size() &&
         stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode) && s.st_uid == getuid() && s.st_nlink == 0;
}

template <class F>
std::string trouble_of(const F& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

Unsealed::Unsealed(World& world, const std::vector<std::string>& paths, const JobOptions& o) {
  const protocol::Choices chosen = offered(o)[0];
  const int rank = int(world.role());
  for (const std::string& path : paths) {
    std::string mine;
    world.agree(trouble_of([&] { mine = sealed_place(path, chosen); }));
    const std::vector<std::string> places = world.gather_all(mine);
    int maker = 0;
    while (places[maker] != mine) ++maker;
    auto image = std::make_shared<std::unique_ptr<io::SealedImage>>();
    std::string trouble;
    if (!mine.empty() && maker == rank)
      trouble = in_thread(world, [image, path, o] {
        Progress progress;
        *image = std::make_unique<io::SealedImage>(path, unlock_of(o, path), [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); });
      });
    world.agree(trouble);
    const std::vector<std::string> made = world.gather_all(*image ? (*image)->path() : std::string());
    const bool usable = mine.empty() || maker == rank || is_image(made[maker]);
    world.agree(usable ? "" : "cannot use what " + std::string(net::name(net::Role(maker))) + " opened of " + path);
    if (mine.empty()) continue;
    clear_[path] = made[maker];
    if (*image) images_.push_back(std::shared_ptr<io::SealedImage>(std::move(*image)));
  }
}

std::string Unsealed::at(const std::string& path) const {
  const auto clear = clear_.find(path);
  return clear == clear_.end() ? path : clear->second;
}

}  // namespace shardlm::app
