#include "shardlm/net/run.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <new>
#include <optional>

#include "ending.hpp"

namespace shardlm::net {
namespace {

[[noreturn]] void give_up(World& world, const std::string& sentence) {
  report(world.role(), sentence);
  world.fail(sentence);
  abandon(1);
}

// All ranks wait for each other here: one that fails late must still be able to tell those that are through.
int close(World& world, int code) {
  int worst = 0;
  for (const std::string& each : world.gather_all(std::to_string(code))) worst = std::max(worst, std::stoi(each));
  return worst;
}

int run_on(World& world, const std::function<int(World&)>& body) {
  try {
    return close(world, body(world));
  } catch (const Disagreement&) {
    throw;
  } catch (const PeerFailure&) {
    abandon(1);
  } catch (const std::bad_alloc&) {
    give_up(world, "out of memory");
  } catch (const std::exception& problem) {
    give_up(world, problem.what());
  } catch (...) {
    give_up(world, "an unknown exception");
  }
}

}  // namespace

int run(int& argc, char**& argv, const std::function<int(World&)>& body, double timeout) {
  setenv("KOKKOS_DISABLE_WARNINGS", "1", 0);  // Kokkos warns, four times, of ranks that share cores; these are made for it
#ifdef __GLIBC__
  // Tensors of many megabytes come and go: kept by the process, their pages are not asked for again each time.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
  Mpi mpi(argc, argv);
  std::optional<Kokkos::ScopeGuard> kokkos;
  if (!Kokkos::is_initialized()) kokkos.emplace(argc, argv);
  try {
    World world(timeout);
    return run_on(world, body);
  } catch (const Disagreement& trouble) {
    mute_handlers();
    if (trouble.mine) report_for_all(trouble.what());
    return 1;
  }
}

}  // namespace shardlm::net
