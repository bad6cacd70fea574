// word_gemm, the products of secret weights, at the shapes of Qwen2.5-0.5B's MLP, beside ring_gemm's int16 weights (gemm.cpp): in the
// cache the limit is the multiplication of words, from memory eight bytes a weight, from a stream a ChaCha block for eight weights.
//
// Rates and limits are a core's: work by the processor time of all threads.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../../src/core/word_gemm_host.hpp"
#include "limits.hpp"
#include "shardlm/crypto/weight_stream.hpp"

namespace shardlm::perf {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Words in memory, `copies` matrices of them that take turns.
class Words : public WordSource {
 public:
  Words(std::size_t rows, std::size_t columns, std::size_t copies)
      : columns_(columns), size_(word_matrix_words(rows, columns)), memory_(nullptr, std::free) {
    const std::size_t bytes = (copies * size_ * sizeof(Word) + 2 * kHugePage) / kHugePage * kHugePage;
    memory_.reset(static_cast<Word*>(std::aligned_alloc(kHugePage, bytes)));
    madvise(memory_.get(), bytes, MADV_HUGEPAGE);
    Word state = 1;
    for (std::size_t i = 0; i < copies * size_; ++i) memory_.get()[i] = state = state * 6364136223846793005u + 1442695040888963407u;
  }
  void take(std::size_t copy) { now_ = memory_.get() + copy * size_; }
  const Word* columns(std::size_t panel, std::size_t first, std::size_t, Word*) const override {
    return now_ + (panel * columns_ + first) * kWordPanel;
  }
  void panels(std::size_t, std::size_t, const Array<Word>&) const override {}

 private:
  std::size_t columns_, size_;
  std::unique_ptr<Word, void (*)(void*)> memory_;
  const Word* now_ = nullptr;
};

void count(benchmark::State& state, double products, double limit) {
  using benchmark::Counter;
  state.counters["GMAC/s"] = Counter(products / 1e9, Counter::kIsRate);
  state.counters["limit GMAC/s"] = limit / 1e9;
  if (limit > 0) state.counters["of limit"] = Counter(products / limit, Counter::kIsRate);
}

template <class Turn>
double multiply(benchmark::State& state, Isa isa, const WordSource& source, std::size_t rows, std::size_t columns, std::size_t tokens,
                const Turn& turn) {
  std::vector<Word> x(tokens * columns, 0x123456789abcdef5), y(tokens * rows);
  std::size_t i = 0;
  for (auto _ : state) {
    turn(i++);
    detail::word_gemm_host(detail::word_gemm_kernels(isa), source, rows, columns, x.data(), tokens, y.data());
    benchmark::ClobberMemory();
  }
  return double(rows) * double(columns) * double(tokens) * double(state.iterations());
}

void in_cache(benchmark::State& state, Isa isa, std::size_t columns) {
  const std::size_t rows = 64, tokens = std::size_t(state.range(0));  // 458 KiB at 896 columns
  Words words(rows, columns, 1);
  count(state, multiply(state, isa, words, rows, columns, tokens, [&](std::size_t) { words.take(0); }), word_products(isa));
}

void from_memory(benchmark::State& state, Isa isa, std::size_t columns, std::size_t rows) {
  constexpr std::size_t kCopies = 12;
  Words words(rows, columns, kCopies);
  const double limit = read_bandwidth() / sizeof(Word);
  const double products = multiply(state, isa, words, rows, columns, std::size_t(state.range(0)), [&](std::size_t i) { words.take(i % kCopies); });
  count(state, products, state.range(0) == 1 ? std::max(limit, read_bandwidth() / sizeof(Word)) : word_products(isa));
}

// The stream's own rate is ChaCha/blocks; here it is made and multiplied.
void from_stream(benchmark::State& state, std::size_t columns, std::size_t rows) {
  const crypto::WeightStream stream(crypto::Key{1, 2, 3}, 0, columns);
  const double products = multiply(state, isa(), stream, rows, columns, std::size_t(state.range(0)), [](std::size_t) {});
  count(state, products, 0);
  state.counters["Mblocks/s"] =
      benchmark::Counter(products / double(state.range(0)) / double(kWordPanel) / 1e6, benchmark::Counter::kIsRate);
}

const bool registered = [] {
  const auto add = [](const std::string& title, auto run) {
    return benchmark::RegisterBenchmark(("word_gemm/" + title).c_str(), run)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
  };
  for (Isa isa : {Isa::avx512, Isa::avx2, Isa::baseline}) {
    const std::string which = name(isa);
    const auto on = [isa](auto run) {
      return [=](benchmark::State& state) {
        if (isa > shardlm::isa()) return state.SkipWithError("not on this machine");
        run(state);
      };
    };
    add(which + "/896->64/tokens", on([isa](benchmark::State& s) { in_cache(s, isa, 896); }))->Arg(1)->Arg(19)->Arg(128);
    add(which + "/896->9728/from_memory", on([isa](benchmark::State& s) { from_memory(s, isa, 896, 9728); }))->Arg(1)->Arg(19);
  }
  add("896->9728/from_stream", [](benchmark::State& s) { from_stream(s, 896, 9728); })->Arg(1)->Arg(19);
  return true;
}();

}  // namespace
}  // namespace shardlm::perf
