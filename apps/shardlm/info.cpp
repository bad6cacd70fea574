#include "info.hpp"

#include <cstdio>

#include "memory.hpp"
#include "shardlm/io/checkpoint.hpp"
#include "shardlm/qwen/decoder.hpp"

namespace shardlm::app {
namespace {

void print_shape(const io::ModelConfig& c) {
  std::printf("layers %zu, hidden %zu, MLP %zu, heads %zu of %zu, key-value heads %zu\n", c.layers, c.hidden, c.intermediate, c.heads,
              c.head_dim(), c.kv_heads);
  std::printf("vocabulary %zu, positions %zu, head %s the embedding\n", c.vocabulary, c.max_positions,
              c.tied_head ? "tied to" : "apart from");
}

io::ModelConfig describe(const std::string& path) {
  if (io::is_checkpoint(path)) {
    const io::Checkpoint checkpoint(path);
    std::printf("%s: Hugging Face folder %s\n", path.c_str(), checkpoint.name().c_str());
    return checkpoint.config();
  }
  const io::ModelFile file(path);
  std::printf("%s: model file made from %s\ndigest %s\n", path.c_str(), file.name().c_str(), file.digest().c_str());
  return file.config();
}

void print_costs(const char* what, const mpc::Costs& c) {
  std::printf("%-36s %8llu %12s %12s %12s\n", what, static_cast<unsigned long long>(c.rounds), readable(c.opened_bytes).c_str(),
              readable(c.dealt_bytes).c_str(), readable(c.key_bytes).c_str());
}

}  // namespace

int info(const InfoOptions& o) {
  int argc = 0;
  const Kokkos::ScopeGuard kokkos(argc, nullptr);
  const io::ModelConfig config = describe(o.model);
  print_shape(config);
  const std::size_t capacity = o.tokens + o.answer - 1;
  if (capacity > config.max_positions)
    throw Error("a prompt of " + std::to_string(o.tokens) + " tokens and " + std::to_string(o.answer) +
                " new ones do not fit the model's " + std::to_string(config.max_positions) + " positions");
  const qwen::Model model(config);
  const mpc::Costs prefill = qwen::predict(model, o.tokens, 0);
  std::printf("\n%-36s %8s %12s %12s %12s\n", "a request", "rounds", "opened", "dealt", "keys");
  print_costs(("prompt of " + std::to_string(o.tokens) + " tokens").c_str(), prefill);
  if (o.answer > 1) {
    const mpc::Costs all = qwen::predict(model, o.tokens, o.answer - 1);
    print_costs(("the " + std::to_string(o.answer - 1) + " tokens that follow the first").c_str(), all - prefill);
    print_costs("all", all);
  }
  std::printf("\nOpened: sent by each server to the other; dealt: words for server 1; keys: for each server.\n");
  std::printf("Memory for it: about %s on each server and the dealer, beside the model.\n",
              readable(bytes_needed(config, o.tokens, capacity, GenerateOptions().dealer_ahead)).c_str());
  return 0;
}

}  // namespace shardlm::app
