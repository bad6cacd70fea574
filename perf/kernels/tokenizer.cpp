// The tokenizer on a core, in bytes of text a second: prose and tables (this project's pages) and program text (its sources), with
// the vocabulary of the checkpoint that SHARDLM_REAL_MODEL names, or the demo model's.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "shardlm/text/tokenizer.hpp"

namespace shardlm::perf {
namespace {

const std::string kRoot = SHARDLM_SOURCE_DIR;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string read_folder(const std::string& folder) {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot + folder))
    if (entry.is_regular_file()) text += read(entry.path());
  return text;
}

const text::Tokenizer& tokenizer() {
  static const char* const real = std::getenv("SHARDLM_REAL_MODEL");
  static const text::Tokenizer one(read((real != nullptr ? std::string(real) : kRoot + "/inputs/demo") + "/tokenizer.json"));
  return one;
}

void encode(benchmark::State& state, const std::string& text) {
  if (text.empty()) return state.SkipWithError("the project's files are not where this was built");
  std::size_t tokens = 0;
  for (auto _ : state) benchmark::DoNotOptimize(tokens = tokenizer().encode(text).size());
  state.SetBytesProcessed(std::int64_t(state.iterations() * text.size()));
  state.counters["bytes"] = double(text.size());
  state.counters["tokens"] = double(tokens);
}

void Tokenizer_Prose(benchmark::State& state) { encode(state, read(kRoot + "/README.md") + read_folder("/docs")); }
void Tokenizer_Code(benchmark::State& state) { encode(state, read_folder("/src")); }

BENCHMARK(Tokenizer_Prose)->Unit(benchmark::kMillisecond);
BENCHMARK(Tokenizer_Code)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace shardlm::perf
