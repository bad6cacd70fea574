// shardlm_documents FOLDER: writes the manual page and the completions of shells, for cmake --install. The program prints the same
// (shardlm manual, shardlm completion), but does not start where it was built for a GPU and there is no driver.
#include <cstdio>
#include <fstream>

#include "../manual.hpp"
#include "../options_parts.hpp"
#include "../version.hpp"
#include "shardlm/core/error.hpp"

std::string shardlm::app::version() { return SHARDLM_VERSION; }  // the program's own tells of Kokkos as well

namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw shardlm::Error(path + " cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace shardlm::app;
  try {
    if (argc != 2) throw shardlm::Error("give the folder to write into");
    const std::string folder = std::string(argv[1]) + "/";
    Command command;
    CLI::App app;
    build(app, command);
    const CommandOutline all = outline(app);
    write(folder + "shardlm.1", manual(all, SHARDLM_VERSION));
    write(folder + "shardlm", completion(all, "bash"));
    write(folder + "_shardlm", completion(all, "zsh"));
    write(folder + "shardlm.fish", completion(all, "fish"));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shardlm_documents: %s\n", error.what());
    return 1;
  }
}
