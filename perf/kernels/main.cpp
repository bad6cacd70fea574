// The main of perf_kernels: Kokkos around Google Benchmark, and what the numbers were measured on.
#include <benchmark/benchmark.h>

#include <string>

#include "limits.hpp"
#include "shardlm/core/isa.hpp"
#include "shardlm/core/types.hpp"

int main(int argc, char** argv) {
  Kokkos::ScopeGuard kokkos(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("isa", shardlm::name(shardlm::isa()));
  benchmark::AddCustomContext("host threads", std::to_string(shardlm::HostExec().concurrency()));
  benchmark::AddCustomContext("read bandwidth of a core, GB/s", std::to_string(shardlm::perf::read_bandwidth() / 1e9));
  benchmark::RunSpecifiedBenchmarks();
}
