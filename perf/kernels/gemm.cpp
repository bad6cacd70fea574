// ring_gemm at the shapes of Qwen2.5-0.5B's MLP: a token (decode), 19 (a short prompt) and 128, each beside its limit.
//
// Rates and limits are a core's: work by the processor time of all threads, so that a busy machine disturbs them little.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../../src/core/ring_gemm_host.hpp"
#include "limits.hpp"
#include "shardlm/core/ring_gemm.hpp"

namespace shardlm::perf {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

struct Weights {
  std::size_t rows, columns, copies;
  std::unique_ptr<std::int16_t, void (*)(void*)> memory;
  std::vector<std::int8_t> exponents;
  std::vector<std::unique_ptr<detail::RingGemmPlans>> plans;

  // As trained layers have them: about +-650 around zero at scale 15.
  Weights(std::size_t rows_, std::size_t columns_, std::size_t copies_)
      : rows(rows_), columns(columns_), copies(copies_), memory(nullptr, std::free), exponents(rows_) {
    const std::size_t size = plane_words(rows, columns), bytes = (copies * size * 2 + kHugePage - 1) / kHugePage * kHugePage;
    memory.reset(static_cast<std::int16_t*>(std::aligned_alloc(kHugePage, bytes)));
    madvise(memory.get(), bytes, MADV_HUGEPAGE);
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < size; i++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      memory.get()[i] = static_cast<std::int16_t>(static_cast<int>(state >> 33) % 1126);
    }
    for (std::size_t c = 0; c < copies; c++) {
      if (c) std::copy_n(memory.get(), size, memory.get() + c * size);
      plans.push_back(std::make_unique<detail::RingGemmPlans>());
    }
  }

  PackedRows packed(std::size_t copy) const {
    return {rows, columns, 1, memory.get() + copy * plane_words(rows, columns), exponents.data()};
  }
};

// One multiplication an iteration, going round the copies of the weights.
double multiply(benchmark::State& state, Isa isa, const Weights& w, std::size_t tokens) {
  HostArray<Word> x("x", tokens * w.columns), y("y", tokens * w.rows);
  for (std::size_t i = 0; i < x.size(); i++) x(i) = (i + 1) * 0x9e3779b97f4a7c15;
  const detail::RingGemmKernels& kernels = detail::ring_gemm_kernels(isa);
  for (std::size_t c = 0; c < w.copies; c++) w.plans[c]->get(kernels, w.packed(c));
  std::size_t copy = 0;
  for (auto _ : state) {
    const PackedRows packed = w.packed(copy);
    detail::ring_gemm_host(kernels, packed, w.plans[copy]->get(kernels, packed), x.data(), tokens, y.data());
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
    copy = (copy + 1) % w.copies;
  }
  return static_cast<double>(w.rows * w.columns * tokens * state.iterations());
}

void count(benchmark::State& state, double products, const char* limit_name, double limit) {
  using benchmark::Counter;
  state.counters["GMAC/s"] = Counter(products / 1e9, Counter::kIsRate);
  state.counters[limit_name] = limit / 1e9;
  state.counters["of limit"] = Counter(products / limit, Counter::kIsRate);
}

// Weights in the cache: the limit is the multiply-add instruction, four limbs a word.
void in_cache(benchmark::State& state, Isa isa, std::size_t columns, std::size_t rows) {
  const Weights w(rows, columns, 1);
  const double before = int16_products(isa);
  const double products = multiply(state, isa, w, state.range(0));
  count(state, products, "limit GMAC/s", std::max(before, int16_products(isa)) / 4);
}

// Weights larger than any cache, one token: the limit is memory, two bytes a weight.
void from_memory(benchmark::State& state, Isa isa, std::size_t columns, std::size_t rows) {
  const Weights w(rows, columns, (std::size_t{512} << 20) / (plane_words(rows, columns) * 2));
  const double before = read_bandwidth();
  const double products = multiply(state, isa, w, 1);
  count(state, products, "limit GMAC/s", std::max(before, read_bandwidth()) / 2);
}

// What a matrix costs once, before its first product.
void plan(benchmark::State& state, Isa isa) {
  const Weights w(4864, 896, 60);
  const detail::RingGemmKernels& kernels = detail::ring_gemm_kernels(isa);
  std::size_t copy = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(detail::RingGemmPlans().get(kernels, w.packed(copy)).data());
    copy = (copy + 1) % w.copies;
  }
  count(state, static_cast<double>(w.rows * w.columns * state.iterations()), "limit GMAC/s", read_bandwidth() / 2);
}

void unpack(benchmark::State& state) {
  const Weights w(4864, 896, 1);
  std::vector<float> out(w.rows * w.columns);
  for (auto _ : state) {
    unpack_rows(w.packed(0), out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(w.rows * w.columns * state.iterations());
}

// Registered for every instruction set, run on those of this machine (and of SHARDLM_ISA).
void register_for(Isa isa) {
  const auto add = [isa](const std::string& title, auto run) {
    return benchmark::RegisterBenchmark((std::string("ring_gemm/") + name(isa) + "/" + title).c_str(),
                                        [=](benchmark::State& state) {
                                          if (isa > shardlm::isa()) return state.SkipWithError("not on this machine");
                                          run(state);
                                        })
        ->MeasureProcessCPUTime()
        ->Unit(benchmark::kMicrosecond);
  };
  const std::size_t shapes[][2] = {{896, 4864}, {4864, 896}};
  for (const auto& shape : shapes) {
    const std::size_t columns = shape[0], rows = shape[1];
    const std::string title = std::to_string(columns) + "->" + std::to_string(rows);
    add(title + "/tokens", [=](benchmark::State& state) { in_cache(state, isa, columns, rows); })->Arg(1)->Arg(19)->Arg(128);
    add(title + "/from_memory", [=](benchmark::State& state) { from_memory(state, isa, columns, rows); });
  }
  add("plan", [=](benchmark::State& state) { plan(state, isa); });
}

const bool registered = [] {
  for (Isa isa : {Isa::avx512, Isa::avx2, Isa::baseline}) register_for(isa);
  benchmark::RegisterBenchmark("unpack_rows", unpack)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
  return true;
}();

}  // namespace
}  // namespace shardlm::perf
