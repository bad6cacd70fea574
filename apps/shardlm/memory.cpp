#include "memory.hpp"

#include <unistd.h>

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <map>

#include "needs.hpp"
#include "shardlm/core/types.hpp"
#include "shardlm/io/sealed_file.hpp"

namespace shardlm::app {
namespace {

using net::Role;

constexpr Role kComputing[] = {Role::server0, Role::server1, Role::dealer};

}  // namespace

std::uint64_t bytes_needed(const io::ModelConfig& c, std::size_t tokens, std::size_t capacity, std::uint64_t dealer_ahead,
                           std::size_t past) {
  return std::min(kTooMuch, working_bytes(c, tokens, capacity, past) + std::min(kTooMuch, dealer_ahead));
}

std::string host_name() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return host;
}

std::string host_identity() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  return host_name() + " " + boot;
}

Place this_place() {
  const std::string host = host_name();
#ifdef KOKKOS_ENABLE_CUDA
  int device = 0;
  std::size_t free = 0, total = 0;
  cudaGetDevice(&device);
  if (cudaMemGetInfo(&free, &total) == cudaSuccess) return {"GPU " + std::to_string(device) + " of " + host, free};
#endif
  return {host, io::available_memory()};
}

Least least_memory(net::World& world, std::uint64_t weights) {
  const Place mine = this_place();
  const std::vector<std::string> names = world.gather_all(mine.name), available = world.gather_all(std::to_string(mine.available)),
                                 kept = world.gather_all(std::to_string(weights));
  Least least;
  if (world.role() != Role::client) return least;
  std::map<std::string, std::uint64_t> sharing;
  for (Role role : kComputing) ++sharing[names[int(role)]];
  for (Role role : kComputing) {
    const Least other{names[int(role)], std::stoull(available[int(role)]), sharing[names[int(role)]],
                      std::stoull(kept[int(role)])};
    if (least.ranks == 0 || other.share() < least.share()) least = other;
  }
  return least;
}

std::string memory_trouble(const Least& least, std::uint64_t needed) {
  if (needed <= least.share()) return "";
  return "the request needs about " + readable(needed) + " of memory on each of the servers and the dealer, and " + least.place + " has " +
         readable(least.available) + " for " + std::to_string(least.ranks) +
         " of them: shorten the prompt, or give a smaller --max-tokens, --context or --dealer-ahead";
}

std::string readable(std::uint64_t bytes) {
  static const char* const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = double(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit < 4; ++unit) value /= 1024;
  char text[40];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

}  // namespace shardlm::app
