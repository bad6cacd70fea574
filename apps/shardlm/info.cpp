#include "info.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "choices.hpp"
#include "costs.hpp"
#include "memory.hpp"
#include "needs.hpp"
#include "shardlm/core/numbers.hpp"
#include "shardlm/crypto/dpf_rows.hpp"
#include "shardlm/io/checkpoint.hpp"
#include "shardlm/io/random_model.hpp"
#include "shardlm/io/share_set.hpp"
#include "shardlm/qwen/decoder.hpp"

namespace shardlm::app {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kTokenizerBytes = 7031645;  // Qwen2.5's own, for a size of which there is no file

// A model file, a checkpoint, or a size alone.
struct Described {
  io::ModelConfig config;
  std::string kind, name, digest;
  std::size_t tokenizer_bytes = 0;
  std::uint64_t disk = 0;
};

bool is_size(const std::string& text) {
  const std::vector<std::string>& sizes = io::qwen_sizes();
  return std::find(sizes.begin(), sizes.end(), text) != sizes.end();
}

Described described(const std::string& path) {
  Described d;
  if (io::is_checkpoint(path)) {
    const io::Checkpoint checkpoint(path);
    d = {checkpoint.config(), "Hugging Face folder", checkpoint.name(), "", checkpoint.tokenizer_json().size(), 0};
  } else if (!std::filesystem::exists(path) && is_size(path)) {
    d = {io::qwen_size(path), "size", "Qwen2.5 " + path, "", kTokenizerBytes, 0};
  } else if (const std::string client = path + "/" + io::kShareFiles[int(net::Role::client)]; std::filesystem::exists(client)) {
    const io::ModelFile file(client, io::ModelPart::client);
    d = {file.config(), file.digest() + " made from", file.name(), file.digest(), file.tokenizer_json().size(), 0};
  } else {
    if (!std::filesystem::exists(path)) {
      std::string sizes;
      for (const std::string& size : io::qwen_sizes()) sizes += (sizes.empty() ? "" : ", ") + size;
      throw Error("there is neither a file nor a size " + path + "; the sizes are " + sizes);
    }
    const io::ModelFile file(path);
    d = {file.config(), "model file made from", file.name(), file.digest(), file.tokenizer_json().size(), std::filesystem::file_size(path)};
  }
  if (d.disk == 0) d.disk = file_bytes(d.config, d.tokenizer_bytes);
  return d;
}

// Costs up to the first token of the answer, of all of it, and what each rank needs.
struct Estimate {
  Request request;
  mpc::Costs prefill, all;
  std::array<Needs, net::kParties> ranks;
};

Estimate estimated(const Described& d, const InfoOptions& o) {
  Estimate e;
  e.request = {o.tokens, o.answer, o.dealer_ahead};
  const std::size_t most = std::min(d.config.max_positions, std::size_t{1} << kContextBits);
  if (e.request.capacity() > most)
    throw Error("a prompt of " + std::to_string(o.tokens) + " tokens and " + std::to_string(o.answer) + " new ones do not fit the " +
                std::to_string(most) + " positions that the model and the protocol have");
  e.prefill = predicted(d.config, o.protocol, o.tokens, 0);
  e.all = o.answer > 1 ? predicted(d.config, o.protocol, o.tokens, o.answer - 1) : e.prefill;
  e.ranks = needs(d.config, e.all, e.request, d.tokenizer_bytes);
  JobOptions job;
  job.protocol = o.protocol;
  job.embedding = o.embedding;
  const protocol::Choices chosen = choices(job);
  add_files(d.config, d.tokenizer_bytes, chosen.secret_weights, d.disk, e.ranks);
  const int bits = crypto::row_bits(d.config.vocabulary);
  const std::uint64_t keys = crypto::row_key_bytes(bits, o.tokens) + (o.answer - 1) * crypto::row_key_bytes(bits, 1);
  add_rows(d.config, e.request, d.tokenizer_bytes, chosen.embedding, protocol::key_holder(chosen), keys, e.ranks);
  return e;
}

void print_model(const Described& d, const std::string& path) {
  const io::ModelConfig& c = d.config;
  std::printf("%s: %s %s\n", path.c_str(), d.kind.c_str(), d.name.c_str());
  if (!d.digest.empty()) std::printf("digest %s\n", d.digest.c_str());
  std::printf("layers %zu, hidden %zu, MLP %zu, heads %zu of %zu, key-value heads %zu\n", c.layers, c.hidden, c.intermediate, c.heads,
              c.head_dim(), c.kv_heads);
  std::printf("vocabulary %zu, positions %zu, head %s the embedding\n", c.vocabulary, c.max_positions,
              c.tied_head ? "tied to" : "apart from");
}

void print_costs(const char* what, const mpc::Costs& c) {
  std::printf("%-36s %8llu %12s %12s %12s\n", what, static_cast<unsigned long long>(c.rounds), readable(c.opened_bytes).c_str(),
              readable(c.dealt_bytes).c_str(), readable(c.key_bytes).c_str());
}

void print_request(const Estimate& e) {
  std::printf("\n%-36s %8s %12s %12s %12s\n", "a request", "rounds", "opened", "dealt", "keys");
  print_costs(("prompt of " + std::to_string(e.request.tokens) + " tokens").c_str(), e.prefill);
  if (e.request.answer == 1) return;
  print_costs(("the " + std::to_string(e.request.answer - 1) + " tokens that follow the first").c_str(), e.all - e.prefill);
  print_costs("all", e.all);
}

void print_ranks(const Estimate& e) {
  std::printf("\n%-12s %12s %12s %12s %12s %12s\n", "rank", "memory", "model pages", "disk", "sends", "receives");
  for (int rank = 0; rank < net::kParties; ++rank) {
    const Needs& n = e.ranks[rank];
    std::printf("%-12s %12s %12s %12s %12s %12s\n", net::name(net::Role(rank)), readable(n.memory).c_str(), readable(n.mapped).c_str(),
                readable(n.disk).c_str(), readable(n.sent).c_str(), readable(n.received).c_str());
  }
  std::printf(
      "\nOpened: sent by each server to the other; dealt: words for server 1; keys: for each server. Memory: of each process, "
      "estimated.\n");
  std::printf("Model pages: mapped from the file, once for all ranks of a machine; should memory be short, they are read again.\n");
}

ordered_json json_of(const Described& d, const Estimate& e, const std::string& protocol) {
  const io::ModelConfig& c = d.config;
  ordered_json j{{"name", d.name}, {"digest", d.digest}};
  j["shape"] = {{"layers", c.layers},
                {"hidden", c.hidden},
                {"intermediate", c.intermediate},
                {"heads", c.heads},
                {"key_value_heads", c.kv_heads},
                {"vocabulary", c.vocabulary},
                {"positions", c.max_positions},
                {"tied_head", c.tied_head},
                {"end_tokens", c.end_tokens}};
  j["protocol"] = protocol;
  j["prompt_tokens"] = e.request.tokens;
  j["max_tokens"] = e.request.answer;
  j["prefill"] = costs_json(e.prefill);
  j["costs"] = costs_json(e.all);
  for (int rank = 0; rank < net::kParties; ++rank) {
    const Needs& n = e.ranks[rank];
    j["ranks"][net::name(net::Role(rank))] = {{"memory_bytes", n.memory},
                                              {"model_page_bytes", n.mapped},
                                              {"disk_bytes", n.disk},
                                              {"sent_bytes", n.sent},
                                              {"received_bytes", n.received}};
  }
  return j;
}

}  // namespace

int info(const InfoOptions& o) {
  int argc = 0;
  const Kokkos::ScopeGuard kokkos(argc, nullptr);
  const Described model = described(o.model);
  const Estimate estimate = estimated(model, o);
  if (o.json) {
    std::printf("%s\n", json_of(model, estimate, o.protocol).dump(1, ' ', false, ordered_json::error_handler_t::replace).c_str());
  } else {
    print_model(model, o.model);
    print_request(estimate);
    print_ranks(estimate);
  }
  if (std::fflush(stdout) != 0) throw Error("cannot write to standard output");
  return 0;
}

}  // namespace shardlm::app
