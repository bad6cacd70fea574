#include "launch.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>

namespace shardlm::app {
namespace {

// The first of these environment variables that is a number, or -1.
int number_in(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value >= '0' && *value <= '9') return std::atoi(value);
  }
  return -1;
}

}  // namespace

int cores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

Launch launch() {
  const int rank = number_in({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"});
  const int local = number_in({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"});
  return {rank >= 0, std::max(rank, 0), local > 0 ? local : 4, std::max(1, number_in({"OMPI_NUM_APP_CTX"}))};
}

void set_threads(int threads, int computing) {
  setenv("KOKKOS_DISABLE_WARNINGS", "1", 0);  // they go to standard output, where answers and JSON are expected
  const bool chosen = threads > 0;
  if (!chosen && number_in({"OMP_NUM_THREADS", "KOKKOS_NUM_THREADS"}) >= 0) return;
  if (!chosen) threads = std::max(1, cores() / std::max(1, computing));
  setenv("KOKKOS_NUM_THREADS", std::to_string(threads).c_str(), 1);
}

}  // namespace shardlm::app
