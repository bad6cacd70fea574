// Rows of a table from two servers, at the size of Qwen2.5-0.5B's embedding: what one server does for a token (decode) and 19 (a short prompt).
//
// With one token the limit is memory, which the table is read from once, with 19 the multiplication of words; the expansion of keys alone is
// measured beside ChaCha, and so is what the client does. Rates and limits are a core's: work by the processor time of all threads.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../../src/crypto/dpf_rows_host.hpp"
#include "limits.hpp"
#include "shardlm/core/numbers.hpp"

namespace shardlm::perf {
namespace {

using namespace crypto;
using benchmark::Counter;

constexpr std::size_t kRows = 152064, kColumns = 896, kHugePage = std::size_t{2} << 20;
constexpr int kBits = row_bits(kRows);

Form form_of(Isa isa) { return isa == Isa::avx512 ? Form::avx512 : isa == Isa::avx2 ? Form::avx2 : Form::baseline; }

std::vector<std::uint32_t> some_rows(std::size_t tokens) {
  std::vector<std::uint32_t> rows(tokens);
  for (std::size_t t = 0; t < tokens; ++t) rows[t] = static_cast<std::uint32_t>(t * 7919 % kRows);
  return rows;
}

// As embeddings are: BF16 numbers up to 0.06 or so, here in large pages.
const std::uint16_t* embedding() {
  static const std::unique_ptr<std::uint16_t, void (*)(void*)> memory = [] {
    const std::size_t bytes = (kRows * kColumns * 2 + kHugePage) / kHugePage * kHugePage;
    auto* p = static_cast<std::uint16_t*>(std::aligned_alloc(kHugePage, bytes));
    madvise(p, bytes, MADV_HUGEPAGE);
    for (std::size_t i = 0; i < kRows * kColumns; ++i) {
      const std::size_t mixed = i * 0x9e3779b97f4a7c15 >> 40;
      p[i] = static_cast<std::uint16_t>((mixed & 1) << 15 | (0x3B00 + mixed % 0x270));
    }
    return std::unique_ptr<std::uint16_t, void (*)(void*)>(p, std::free);
  }();
  return memory.get();
}

void weighted(benchmark::State& state, Isa isa) {
  const auto tokens = static_cast<std::size_t>(state.range(0));
  const RowTable table(RowFormat::bf16, embedding(), kRows, kColumns);
  const RowKeys keys = make_row_keys(kBits, some_rows(tokens));
  const double bytes = 2.0 * kRows * kColumns, products = 1.0 * kRows * kColumns * double(tokens);
  const double before = read_bandwidth();
  set_form(form_of(isa));
  for (auto _ : state)
    benchmark::DoNotOptimize(weighted_rows(table, 1, kBits, keys.server[1].data(), keys.server[1].size(), tokens, kResidualScale).data().data());
  set_form(Form::best);
  const double runs = double(state.iterations());
  state.counters["GB/s"] = Counter(bytes * runs / 1e9, Counter::kIsRate);
  state.counters["of memory"] = Counter(bytes * runs / std::max(before, read_bandwidth()), Counter::kIsRate);
  state.counters["GMAC/s"] = Counter(products * runs / 1e9, Counter::kIsRate);
  if (isa != Isa::baseline) state.counters["of products"] = Counter(products * runs / word_products(isa), Counter::kIsRate);
}

// A message's keys as the kernels have them: the content does not matter.
void expansion(benchmark::State& state, Isa isa) {
  const RowKernels& kernels = row_kernels(isa);
  RowBatch batch{};
  batch.depth = row_depth(kBits);
  batch.tokens = static_cast<std::size_t>(state.range(0));
  batch.pitch = 4 + RowBatch::kLevelWords * std::size_t(batch.depth) + 16;
  const std::vector<std::uint32_t> keys(batch.tokens * batch.pitch, 0x9e3779b9);
  batch.keys = keys.data();
  std::vector<Word> words(batch.tokens * kWeightPitch);
  for (auto _ : state) {
    const RowChunks chunks(kernels, batch, kRows);
    for (std::size_t chunk = 0; chunk < chunks.count(); ++chunk) chunks.words(chunk, words.data());
    benchmark::ClobberMemory();
  }
  const double blocks = 2.0 * kRows / 8 * double(batch.tokens) * double(state.iterations());
  state.counters["Mblocks/s"] = Counter(blocks / 1e6, Counter::kIsRate);
  state.counters["of ChaCha"] = Counter(blocks / chacha_blocks(form_of(isa)), Counter::kIsRate);
}

void client(benchmark::State& state) {
  const std::vector<std::uint32_t> rows = some_rows(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(make_row_keys(kBits, rows).server[0].data());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

const bool registered = [] {
  for (Isa isa : {Isa::avx512, Isa::avx2, Isa::baseline}) {
    const auto add = [isa](const std::string& title, auto run) {
      return benchmark::RegisterBenchmark((std::string("rows/") + name(isa) + "/" + title).c_str(),
                                          [=](benchmark::State& state) {
                                            if (isa > shardlm::isa()) return state.SkipWithError("not on this machine");
                                            run(state, isa);
                                          })
          ->MeasureProcessCPUTime()
          ->Unit(benchmark::kMillisecond);
    };
    add("weighted/tokens", weighted)->Arg(1)->Arg(19);
    add("expansion/tokens", expansion)->Arg(1)->Arg(19);
  }
  benchmark::RegisterBenchmark("rows/client/tokens", client)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond)->Arg(1)->Arg(19);
  return true;
}();

}  // namespace
}  // namespace shardlm::perf
