#include "launch.hpp"

#include "descend.hpp"
#include "generate.hpp"
#include "look_up_cells.hpp"
#include "look_up_line.hpp"
#include "stream_blocks.hpp"

#include "shardlm/core/error.hpp"
#include "shardlm/core/isa.hpp"
#include "shardlm/core/types.hpp"

#include <atomic>
#include <string>

namespace shardlm::crypto {

#define SHARDLM_DECLARE(Job)                              \
  void run_baseline(const Job&, std::size_t, std::size_t); \
  void run_avx2(const Job&, std::size_t, std::size_t);     \
  void run_avx512(const Job&, std::size_t, std::size_t);
SHARDLM_DECLARE(StreamJob)
SHARDLM_DECLARE(WeightJob)
SHARDLM_DECLARE(GenerateJob)
SHARDLM_DECLARE(LineJob)
SHARDLM_DECLARE(CellJob)
SHARDLM_DECLARE(WindowJob)
SHARDLM_DECLARE(PrefixJob)
SHARDLM_DECLARE(ExpandJob)
SHARDLM_DECLARE(BlocksJob)
#undef SHARDLM_DECLARE

namespace {

constexpr bool kOnHost = Kokkos::SpaceAccessibility<Kokkos::DefaultHostExecutionSpace, Memory>::accessible &&
                         Kokkos::SpaceAccessibility<Exec, Kokkos::HostSpace>::accessible;
constexpr std::size_t kChunk = 32;  // tiles: 512 keys, long against the cost of handing out work

std::atomic<Form> chosen_form{Form::best};

}  // namespace

Form form() { return chosen_form.load(); }

void set_form(Form wanted) {
  if (wanted == Form::avx512 && isa() < Isa::avx512) throw Error("this machine, or SHARDLM_ISA, does not allow kernels for AVX-512");
  if (wanted == Form::avx2 && isa() < Isa::avx2) throw Error("this machine, or SHARDLM_ISA, does not allow kernels for AVX2");
  chosen_form = wanted;
}

bool on_vectors() { return kOnHost && form() != Form::scalar; }

Isa vector_isa() {
  switch (form()) {
    case Form::baseline: return Isa::baseline;
    case Form::avx2: return Isa::avx2;
    case Form::avx512: return Isa::avx512;
    default: return isa();
  }
}

// A thread a key: what a device runs.
template <class Job>
void run_lanes(const char* name, const Job& job, std::size_t tiles) {
  Kokkos::parallel_for(
      name, Kokkos::RangePolicy<Exec>(0, tiles * kTileLanes),
      KOKKOS_LAMBDA(const std::size_t key) { run<ScalarLanes>(job, key / kTileLanes, static_cast<int>(key % kTileLanes)); });
}

template <class Job>
auto vectors() {
  void (*kernel)(const Job&, std::size_t, std::size_t) = run_baseline;
  if (vector_isa() == Isa::avx2) kernel = run_avx2;
  if (vector_isa() == Isa::avx512) kernel = run_avx512;
  return kernel;
}

template <class Job>
void run_vectors(const char* name, const Job& job, std::size_t tiles) {
  const auto kernel = vectors<Job>();
  const std::size_t chunks = (tiles + kChunk - 1) / kChunk;
  Kokkos::parallel_for(name, Kokkos::RangePolicy<HostExec>(0, chunks), [=](const std::size_t chunk) {
    kernel(job, chunk * kChunk, chunk + 1 < chunks ? (chunk + 1) * kChunk : tiles);
  });
}

template <class Job>
void launch_either(const char* name, const Job& job, std::size_t tiles) {
  if (tiles == 0) return;
  if (on_vectors())
    run_vectors(name, job, tiles);
  else
    run_lanes(name, job, tiles);
}

void launch(const char* name, const StreamJob& job, std::size_t tiles) { launch_either(name, job, tiles); }
void launch(const char* name, const WeightJob& job, std::size_t tiles) { launch_either(name, job, tiles); }
void run_here(const WeightJob& job, std::size_t begin, std::size_t end) { vectors<WeightJob>()(job, begin, end); }
void launch(const char* name, const GenerateJob& job, std::size_t tiles) { launch_either(name, job, tiles); }
void launch(const char* name, const LineJob& job, std::size_t tiles) { launch_either(name, job, tiles); }
void launch(const char* name, const CellJob& job, std::size_t tiles) { launch_either(name, job, tiles); }
void launch(const char* name, const WindowJob& job, std::size_t tiles) { launch_either(name, job, tiles); }
void launch(const char* name, const PrefixJob& job, std::size_t tiles) { launch_either(name, job, tiles); }
void launch(const char* name, const ExpandJob& job, std::size_t tiles) { launch_either(name, job, tiles); }
void launch(const char* name, const BlocksJob& job, std::size_t tiles) { launch_either(name, job, tiles); }

}  // namespace shardlm::crypto
