#include "ot.hpp"

#include <cstdio>
#include <filesystem>

#include "held.hpp"
#include "progress.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/ot/table.hpp"

namespace shardlm::app {
namespace {

std::string make(const OtOptions& o, bool replaces) {
  remove_on_signals();
  const std::string folder = o.folder.empty() ? table_folder(o.model) : o.folder;
  const Clock clock;
  Progress progress;
  ot::make_table(o.model, folder, [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); }, replaces);
  std::fprintf(stderr, "%s written in %.1f s: table %s\n", folder.c_str(), clock.seconds(),
               io::KeyFile(folder + "/" + io::kTableFiles[1]).table().substr(0, 12).c_str());
  return folder;
}

}  // namespace

int ot_make(const OtOptions& o) {
  make(o, false);
  return 0;
}

// The former key must be there: a wrong --out would leave it in use.
int ot_rotate(const OtOptions& o) {
  const std::string folder = o.folder.empty() ? table_folder(o.model) : o.folder;
  const std::string key = folder + "/" + io::kTableFiles[1];
  if (!std::filesystem::exists(key)) throw Error("there is no key to rotate in " + folder + ": make one with shardlm ot make");
  const std::string before = io::KeyFile(key).table();
  make(o, true);
  std::fprintf(stderr, "table %s and its key are gone; clients get the new table when they next ask\n", before.substr(0, 12).c_str());
  return 0;
}

}  // namespace shardlm::app
