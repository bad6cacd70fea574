#include "share.hpp"

#include <Kokkos_Core.hpp>
#include <cstdio>

#include "progress.hpp"
#include "shardlm/qwen/share_model.hpp"

namespace shardlm::app {

int share(const ShareOptions& options) {
  remove_on_signals();
  int argc = 0;
  const Kokkos::ScopeGuard kokkos(argc, nullptr);
  const Clock clock;
  Progress progress;
  const std::string set =
      qwen::share_model(options.model, options.out, [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); });
  std::fprintf(stderr, "%s written in %.1f s: %s\n", options.out.c_str(), clock.seconds(), set.c_str());
  return 0;
}

}  // namespace shardlm::app
