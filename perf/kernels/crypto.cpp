// ChaCha and the DPF's readings, each beside its limit: the rate at which the same instruction set makes ChaCha blocks in registers,
// divided by the blocks that the reading needs. Run with OMP_NUM_THREADS=1: rates are per second of processor time of one thread.
#include "../../src/crypto/launch.hpp"
#include "limits.hpp"
#include "shardlm/core/isa.hpp"
#include "shardlm/crypto/dpf.hpp"

#include <benchmark/benchmark.h>
#include <cryptopp/algparam.h>
#include <cryptopp/argnames.h>
#include <cryptopp/chacha.h>

#include <string>
#include <vector>

namespace shardlm::perf {
namespace {

using namespace crypto;

constexpr std::size_t kKeys = 16 * 1024;

// items: done in all iterations; blocks: that each of them needs.
void count(benchmark::State& state, Form form, double items, double blocks) {
  using benchmark::Counter;
  state.counters["M/s"] = Counter(items / 1e6, Counter::kIsRate);
  state.counters["Mblocks/s"] = Counter(items * blocks / 1e6, Counter::kIsRate);
  state.counters["of ChaCha"] = Counter(items * blocks / chacha_blocks(form), Counter::kIsRate);
}

template <class Work>
void measure(benchmark::State& state, Form form, double items, double blocks, const Work& work) {
  set_form(form);
  for (auto _ : state) {
    work();
    Exec().fence();
  }
  set_form(Form::best);
  count(state, form, items * state.iterations(), blocks);
}

Array<Word> words(std::uint32_t seed, std::size_t n, int k = 64) { return Stream(Key{seed}).words(n, k); }

struct Batch {
  DpfKeys keys;
  Array<std::uint32_t> other_roots;
  Array<Word> alpha, z;
  explicit Batch(int m, std::size_t n = kKeys) : alpha(words(3, n)), z(words(4, n, m)) {
    Stream streams[2] = {Stream(Key{1}), Stream(Key{2})};
    const Tweak tweak{{1, 2, 3, 4}, 0};
    keys = {m, n, 0, tweak, streams[0].roots(n), {}};
    other_roots = streams[1].roots(n);
    keys.corrections = generate(m, alpha, keys.roots, other_roots, tweak).corrections;
  }
};

// Zero below, a line above, anything between.
LineTable line_table(int m) {
  std::vector<Word> value(std::size_t{1} << m, 0), slope(value);
  for (std::size_t cell = 0; cell < value.size() / 2; ++cell) value[cell] = 16384 * cell, slope[cell] = 64;
  for (std::size_t i = 0; i < 512; ++i) value[(i - 256) & (value.size() - 1)] += i * 7919 % 70000, slope[(i - 256) & (value.size() - 1)] += i % 60;
  return LineTable(m, value, slope);
}

CellTable cell_table(int m) {
  std::vector<std::int32_t> cells(std::size_t{1} << m, 0);
  for (std::size_t cell = cells.size() / 4; cell < cells.size(); ++cell) cells[cell] = static_cast<std::int32_t>(32768 * (cells.size() / 4) / cell);
  cells[0] = 8192;
  return CellTable(m, cells);
}

WindowTable window_table() {
  std::vector<std::int32_t> cells(261);
  for (int i = 0; i < 261; ++i) cells[i] = i * 7919 % 2000003;
  return WindowTable(-256, cells, cells);
}

void blocks(benchmark::State& state, Form form) {
  const Array<std::uint32_t> out("blocks", 256);
  measure(state, form, 256 * kTile * kChainBlocks, 1, [&] { launch("blocks", BlocksJob{out.data()}, out.size()); });
}

void stream_words(benchmark::State& state, Form form) {
  Stream stream(Key{1});
  const std::size_t n = 32768;
  measure(state, form, n, 1.0 / 8, [&] { benchmark::DoNotOptimize(stream.words(n, 37).data()); });
}

void stream_bits(benchmark::State& state, Form form) {
  Stream stream(Key{1});
  const std::size_t n = 32768;
  measure(state, form, n, 1.0 / 512, [&] { benchmark::DoNotOptimize(stream.bits(n).data()); });
}

void generation(benchmark::State& state, Form form, int m) {
  const Batch batch(m);
  measure(state, form, kKeys, 2 * dpf_depth(m) + 2,
          [&] { benchmark::DoNotOptimize(generate(m, batch.alpha, batch.keys.roots, batch.other_roots, batch.keys.tweak).signs.data()); });
}

void line_look_up(benchmark::State& state, Form form, int m) {
  const Batch batch(m);
  const LineTable table = line_table(m);
  const int depth = dpf_depth(m);
  measure(state, form, kKeys, (1 << depth) + 2 * depth - 1, [&] { benchmark::DoNotOptimize(look_up(table, batch.keys, batch.z).a.data()); });
}

void cell_look_up(benchmark::State& state, Form form, int m) {
  const Batch batch(m, 2048);
  const CellTable table = cell_table(m);
  measure(state, form, 2048, (2 << dpf_depth(m)) - 1, [&] { benchmark::DoNotOptimize(look_up(table, batch.keys, batch.z).data()); });
}

void window_look_up(benchmark::State& state, Form form, int m) {
  const Batch batch(m, 4096);
  const WindowTable table = window_table();
  measure(state, form, 4096, 2 * dpf_depth(m) + 2, [&] { benchmark::DoNotOptimize(look_up(table, batch.keys, batch.z).a.data()); });
}

void comparison(benchmark::State& state, Form form, int m) {
  const Batch batch(m, 4096);
  measure(state, form, 4096, dpf_depth(m) + 1, [&] { benchmark::DoNotOptimize(prefix(batch.keys, batch.z).data()); });
}

// One key against every other power of two, as the norm compares.
void knots(benchmark::State& state, Form form) {
  const int m = 63, count = 23;
  const std::size_t n = 256;
  const Batch batch(m, n);
  const Array<Word> x = uninitialized<Word>("x", count * n);
  const auto z = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), batch.z);
  auto host = Kokkos::create_mirror_view(x);
  for (std::size_t q = 0; q < count; ++q)
    for (std::size_t i = 0; i < n; ++i) host(q * n + i) = z(i) - (Word{1} << (16 + 2 * q));
  Kokkos::deep_copy(x, host);
  measure(state, form, n * count, dpf_depth(m) + 1, [&] { benchmark::DoNotOptimize(prefix(batch.keys, x).data()); });
}

// The library that everyone has, on its best instruction set.
void other_library(benchmark::State& state) {
  using namespace CryptoPP;
  std::vector<byte> key(32, 1), iv(8, 2), buffer(1 << 16);
  ChaCha::Encryption cipher;
  cipher.SetKey(key.data(), 32, MakeParameters(Name::Rounds(), SHARDLM_CHACHA_ROUNDS)(Name::IV(), ConstByteArrayParameter(static_cast<const byte*>(iv.data()), 8)));
  for (auto _ : state) {
    cipher.ProcessString(buffer.data(), buffer.size());
    benchmark::ClobberMemory();
  }
  state.counters["M/s"] = benchmark::Counter(buffer.size() / 64 / 1e6 * state.iterations(), benchmark::Counter::kIsRate);
}

const bool registered = [] {
  const auto add = [](const std::string& what, auto function) { benchmark::RegisterBenchmark(what.c_str(), function)->Unit(benchmark::kMicrosecond); };
  add("ChaCha/Crypto++ blocks", other_library);
  const std::pair<Form, Isa> forms[] = {{Form::avx512, Isa::avx512}, {Form::avx2, Isa::avx2}, {Form::baseline, Isa::baseline}};
  for (const auto& pair : forms) {
    if (pair.second > isa()) continue;
    const Form form = pair.first;
    const std::string suffix = std::string("/") + name(pair.second);
    add("ChaCha/blocks" + suffix, [=](benchmark::State& state) { blocks(state, form); });
    add("stream/words" + suffix, [=](benchmark::State& state) { stream_words(state, form); });
    add("stream/bits" + suffix, [=](benchmark::State& state) { stream_bits(state, form); });
    add("DPF/generate m=12" + suffix, [=](benchmark::State& state) { generation(state, form, 12); });
    add("DPF/generate m=24" + suffix, [=](benchmark::State& state) { generation(state, form, 24); });
    add("DPF/line look-up m=12" + suffix, [=](benchmark::State& state) { line_look_up(state, form, 12); });
    add("DPF/line look-up m=14" + suffix, [=](benchmark::State& state) { line_look_up(state, form, 14); });
    add("DPF/cell look-up m=14" + suffix, [=](benchmark::State& state) { cell_look_up(state, form, 14); });
    add("DPF/window look-up m=25" + suffix, [=](benchmark::State& state) { window_look_up(state, form, 25); });
    add("DPF/comparison m=24" + suffix, [=](benchmark::State& state) { comparison(state, form, 24); });
    add("DPF/comparison m=63, 23 knots" + suffix, [=](benchmark::State& state) { knots(state, form); });
  }
  return true;
}();

}  // namespace
}  // namespace shardlm::perf
