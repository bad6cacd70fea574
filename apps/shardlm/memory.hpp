// Whether a request fits into the memory of the machines that compute it, before it is started.
#pragma once

#include <cstdint>
#include <string>

#include "shardlm/io/model_config.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::app {

// What a server or the dealer needs for a prompt of `tokens` in a conversation of `capacity`, in bytes, beside the model: an
// estimate to the safe side. past: tokens that are kept from before the prompt.
std::uint64_t bytes_needed(const io::ModelConfig& config, std::size_t tokens, std::size_t capacity, std::uint64_t dealer_ahead,
                           std::size_t past = 0);

// This rank's place to compute: ranks with the same name share `available` bytes.
struct Place {
  std::string name;
  std::uint64_t available = 0;
};
Place this_place();
std::string host_name();
std::string host_identity();  // differs also where two hosts have one name

// Collective. On the client, of the ranks that compute: which has least, its share of its place without its weights. Elsewhere empty.
struct Least {
  std::string place;
  std::uint64_t available = 0, ranks = 0;  // of the place, and how many share it
  std::uint64_t weights = 0;               // that this rank keeps there
  std::uint64_t share() const { return ranks > 0 && available / ranks > weights ? available / ranks - weights : 0; }
};
// weights: bytes that this rank's weights take in the memory it computes with, beside what it maps.
Least least_memory(net::World& world, std::uint64_t weights);

// On the client: why a request that needs so many bytes a rank cannot be computed, or "".
std::string memory_trouble(const Least& least, std::uint64_t needed);

// "3.4 GiB", "17.0 MiB", "12 bytes".
std::string readable(std::uint64_t bytes);

}  // namespace shardlm::app
