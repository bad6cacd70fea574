#include "ot.hpp"

#include <cstdio>
#include <filesystem>

#include "held.hpp"
#include "progress.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/ot/table.hpp"

namespace shardlm::app {
namespace {

std::string folder_of(const OtOptions& o) { return o.folder.empty() ? table_folder(o.model) : o.folder; }

void make(const OtOptions& o, bool replaces) {
  remove_on_signals();
  const std::string folder = folder_of(o);
  const Clock clock;
  Progress progress;
  ot::make_table(o.model, folder, [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); }, replaces);
  std::fprintf(stderr, "%s written in %.1f s: table %s\n", folder.c_str(), clock.seconds(),
               io::KeyFile(folder + "/" + io::kTableFiles[1]).table().substr(0, 12).c_str());
}

}  // namespace

int ot_make(const OtOptions& o) {
  make(o, false);
  return 0;
}

// Something of the former pair must be there, for with a wrong --out it would stay in use; but it need not be of any use itself.
int ot_rotate(const OtOptions& o) {
  const std::filesystem::path folder = folder_of(o);
  if (!std::filesystem::exists(folder / io::kTableFiles[0]) && !std::filesystem::exists(folder / io::kTableFiles[1]))
    throw Error("there is no key to rotate in " + folder.string() + ": make one with shardlm ot make");
  make(o, true);
  std::fprintf(stderr,
               "the former table and key are gone: clients get the new table with their next job; jobs that are running keep the former key until they "
               "end\n");
  return 0;
}

}  // namespace shardlm::app
