// What a request takes on each rank: memory, disk, and bytes on the wire, from shapes and counted costs alone.
//
// Memory was measured (peak resident set, four ranks on one machine, prompts of 1 to 64 tokens, hidden 192 and 896) and is
// rounded up. Traffic is exact up to control messages, each shorter than 100 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "shardlm/core/panels.hpp"
#include "shardlm/core/word_panels.hpp"
#include "shardlm/io/model_config.hpp"
#include "shardlm/io/sealed_table.hpp"
#include "shardlm/mpc/party.hpp"
#include "shardlm/net/world.hpp"
#include "shardlm/protocol/presets.hpp"

namespace shardlm::app {

struct Request {
  std::size_t tokens = 1, answer = 1;  // of the prompt; that are wanted
  std::uint64_t dealer_ahead = 0;
  std::size_t capacity() const { return tokens + answer - 1; }
};

struct Needs {
  std::uint64_t memory = 0;  // of this process alone
  std::uint64_t mapped = 0;  // of this rank's file, read through the page cache: once a machine
  std::uint64_t sent = 0, received = 0;
  std::uint64_t disk = 0;  // its file
};

// Far above what any machine has, and low enough to be added to.
constexpr std::uint64_t kTooMuch = std::uint64_t{1} << 62;
inline std::uint64_t whole_bytes(double bytes) { return bytes < double(kTooMuch) ? std::uint64_t(bytes) : kTooMuch; }

// What computing takes on a server or the dealer, after `past` kept tokens. In floating point, as 2^24 tokens squared do not fit into 64
// bits beside the rest.
inline std::uint64_t working_bytes(const io::ModelConfig& c, std::size_t tokens, std::size_t capacity, std::size_t past = 0) {
  // Words alive at once for one layer, measured with room to spare: 45 a token and MLP column at the dealer (the look-up's keys, its
  // two columns, the product's terms), 140 a head and causal pair (the comparisons' keys and bits); of the prefill, or of a later step.
  const double t = double(tokens), pairs = std::max(t * double(past) + t * (t + 1) / 2, double(capacity));
  const double mlp = 48 * t * double(c.intermediate), attention = 150 * double(c.heads) * pairs;
  const double residual = 8 * t * double(c.hidden + c.qkv_rows()), head = 8 * double(c.vocabulary);
  const double kept = 4 * double(c.layers * c.kv_heads * c.head_dim()) * double(capacity);  // keys and values, each with its mask's share
  return whole_bytes(8 * (std::max(mlp, attention) + residual + head + kept));
}

// A matrix of int16 in its panels, with its exponents.
inline std::uint64_t matrix_bytes(std::size_t rows, std::size_t columns, std::size_t planes = 1) {
  return 2 * planes * plane_words(rows, columns) + rows;
}

// All that ranks multiply with.
inline std::uint64_t weight_bytes(const io::ModelConfig& c) {
  const std::uint64_t layer = matrix_bytes(c.qkv_rows(), c.hidden, 2) + 8 * c.qkv_rows() + matrix_bytes(c.hidden, c.hidden) +
                              matrix_bytes(2 * c.intermediate, c.hidden) + matrix_bytes(c.hidden, c.intermediate);
  return c.layers * layer + matrix_bytes(c.vocabulary, c.hidden);
}

// The model file, with an embedding in BF16 or F16.
inline std::uint64_t file_bytes(const io::ModelConfig& c, std::size_t tokenizer_bytes) {
  return weight_bytes(c) + 2 * c.vocabulary * c.hidden + tokenizer_bytes;
}

// Server 1's share of secret weights.
inline std::uint64_t share_bytes(const io::ModelConfig& c) {
  const std::uint64_t layer = word_matrix_words(c.qkv_rows(), c.hidden) + word_matrix_words(c.hidden, c.hidden) +
                              word_matrix_words(2 * c.intermediate, c.hidden) + word_matrix_words(c.hidden, c.intermediate);
  return 8 * (c.layers * layer + word_matrix_words(c.vocabulary, c.hidden));
}

// What each rank's file takes, of secret weights or, where `model_file` bytes are the same on every host, of public ones.
inline void add_files(const io::ModelConfig& c, std::size_t tokenizer_bytes, bool secret_weights, std::uint64_t model_file,
                      std::array<Needs, net::kParties>& n) {
  constexpr std::uint64_t kManifest = 4096;
  for (Needs& each : n) each.disk = model_file;
  if (!secret_weights) return;
  n[int(net::Role::client)].disk = 2 * c.vocabulary * c.hidden + tokenizer_bytes + kManifest;
  n[int(net::Role::server0)].disk = kManifest;
  n[int(net::Role::server0)].mapped = kManifest;
  n[int(net::Role::server1)].disk = n[int(net::Role::server1)].mapped = share_bytes(c) + kManifest;
  n[int(net::Role::dealer)].disk = weight_bytes(c) + kManifest;
}

// How a client without a model comes by its rows: what that adds. row_keys: bytes of the keys for all tokens that one server gets.
inline void add_rows(const io::ModelConfig& c, const Request& r, std::size_t tokenizer_bytes, protocol::Embedding embedding, net::Role holder,
                     std::uint64_t row_keys, std::array<Needs, net::kParties>& n) {
  if (embedding == protocol::Embedding::table) return;
  constexpr std::uint64_t kManifest = 4096;
  const bool sealed = embedding == protocol::Embedding::ot;
  const std::uint64_t rows = 2 * c.vocabulary * c.hidden, table = sealed ? rows + io::kSealBytes * c.vocabulary : 0;
  Needs& client = n[int(net::Role::client)];
  client.disk = table + tokenizer_bytes + kManifest;
  client.mapped = table;  // all of it, so that no page that comes late says which row is wanted
  if (sealed) {
    n[int(holder)].disk += client.disk + kManifest;
    for (Needs* each : {&client, &n[int(holder)]}) {
      each->sent += 32 * r.capacity();
      each->received += 32 * r.capacity();
    }
    return;
  }
  n[int(net::Role::server0)].disk += tokenizer_bytes + kManifest;
  // Keys come instead of shares, and are longer or shorter than those.
  const std::uint64_t shares = 8 * c.hidden * r.capacity(), seeds = 32 * r.answer;
  client.sent += 2 * row_keys - shares - seeds;
  n[int(net::Role::server0)].received += row_keys - seeds;
  n[int(net::Role::server1)].received += row_keys - shares;
  for (net::Role server : {net::Role::server0, net::Role::server1}) n[int(server)].mapped += rows;
}

// By rank.
inline std::array<Needs, net::kParties> needs(const io::ModelConfig& c, const mpc::Costs& costs, const Request& r,
                                              std::size_t tokenizer_bytes) {
  constexpr std::uint64_t kProgram = std::uint64_t{40} << 20;  // code, MPI's and Kokkos' own, buffers
  const std::uint64_t base = kProgram + 3 * tokenizer_bytes, work = working_bytes(c, r.tokens, r.capacity());
  const std::uint64_t dealt = costs.dealt_bytes + 2 * costs.key_bytes, weights = weight_bytes(c);
  const std::uint64_t logits = 8 * c.vocabulary * r.answer, embeddings = 8 * c.hidden * r.capacity(), seeds = 32 * r.answer;
  std::array<Needs, net::kParties> n;
  n[int(net::Role::client)] = {base + 6 * tokenizer_bytes + 32 * c.vocabulary + 24 * c.hidden * r.tokens,
                               std::min<std::uint64_t>(r.capacity(), c.vocabulary) * 2 * c.hidden, embeddings + seeds, 3 * logits};
  n[int(net::Role::server0)] = {base + work, weights, costs.opened_bytes + logits, costs.opened_bytes + costs.key_bytes + seeds};
  n[int(net::Role::server1)] = {base + work, weights, costs.opened_bytes + logits,
                                costs.opened_bytes + costs.key_bytes + costs.dealt_bytes + embeddings};
  n[int(net::Role::dealer)] = {base + work + std::min(r.dealer_ahead + r.dealer_ahead / 8, dealt), weights, dealt + logits, 0};
  return n;
}

}  // namespace shardlm::app
