// The OPRF and sealed rows on one thread: what a receiver spends on a row that it asks for (draw_blind, which can be done ahead; blind,
// finalize, open_row), and a sender on a row asked for (blind_evaluate) and on every row of the table (seal_rows). A row is an embedding
// of 896 numbers of two bytes, as Qwen2.5-0.5B has it, and a table has the most rows of all Qwen2.5 models.
#include <benchmark/benchmark.h>

#include <vector>

#include "shardlm/ot/rows.hpp"

namespace shardlm::perf {
namespace {

using namespace ot;

constexpr std::size_t kRow = 1792;
constexpr double kTableRows = 152064;

void Ot_DrawBlind(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(draw_blind());
}

void Ot_Blind(benchmark::State& state) {
  const Blind with = draw_blind();
  std::uint32_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(blind(row_input(i++), with));
}

void Ot_BlindEvaluate(benchmark::State& state) {
  const PrivateKey key = random_key();
  const Element blinded = blind(row_input(17)).element;
  for (auto _ : state) benchmark::DoNotOptimize(blind_evaluate(key, blinded));
}

void Ot_Finalize(benchmark::State& state) {
  const Blinded blinded = blind(row_input(17));
  const Element evaluated = blind_evaluate(random_key(), blinded.element);
  for (auto _ : state) benchmark::DoNotOptimize(finalize(row_input(17), blinded.blind, evaluated));
}

void Ot_OpenRow(benchmark::State& state) {
  const Output output = evaluate(random_key(), row_input(17));
  const TableNumber table = random_table_number();
  std::vector<std::uint8_t> plain(kRow, 1), sealed(kRow + kSealBytes);
  seal_row(output, table, 17, plain.data(), kRow, sealed.data());
  for (auto _ : state) {
    open_row(output, table, 17, sealed.data(), sealed.size(), plain.data());
    benchmark::ClobberMemory();
  }
}

void Ot_SealRows(benchmark::State& state) {
  const PrivateKey key = random_key();
  const TableNumber table = random_table_number();
  const std::vector<std::uint8_t> plain(kRow, 1);
  std::vector<std::uint8_t> sealed(kRow + kSealBytes);
  std::uint32_t i = 0;
  for (auto _ : state) {
    seal_rows(key, table, i++, 1, plain.data(), kRow, sealed.data());
    benchmark::ClobberMemory();
  }
  using benchmark::Counter;
  state.counters["seconds a table"] = Counter(state.iterations() / kTableRows, Counter::kIsRate | Counter::kInvert);
}

BENCHMARK(Ot_DrawBlind)->Unit(benchmark::kMicrosecond);
BENCHMARK(Ot_Blind)->Unit(benchmark::kMicrosecond);
BENCHMARK(Ot_BlindEvaluate)->Unit(benchmark::kMicrosecond);
BENCHMARK(Ot_Finalize)->Unit(benchmark::kMicrosecond);
BENCHMARK(Ot_OpenRow)->Unit(benchmark::kMicrosecond);
BENCHMARK(Ot_SealRows)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace shardlm::perf
