// Who computes a request's logits: four ranks, or in tests something that needs none. One thread calls it. No Kokkos and no MPI here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shardlm/text/tokenizer.hpp"

namespace shardlm::app {

// The first bytes of a message that a server got, as it got them, and how long all of it was.
struct Glimpse {
  std::string from;                 // "client", "server 1", "dealer"
  std::string what;                 // "embedding", "opening", "dealt"
  std::uint64_t size = 0;           // bytes of the message
  std::vector<std::uint8_t> bytes;  // its first ones
};

// What a server saw of the step before, and has counted since the request began.
struct Sight {
  std::string rank;  // "server 0", "server 1"
  std::uint64_t rounds = 0, bytes = 0;  // with the other server; bytes that it sent it
  std::vector<Glimpse> glimpses;
};

// What a request was counted to cost.
struct RequestCosts {
  std::uint64_t rounds = 0;           // exchanges between the servers
  std::uint64_t opened_bytes = 0;     // that each server sent the other
  std::uint64_t dealt_bytes = 0;      // words from the dealer to server 1
  std::uint64_t key_bytes = 0;        // keys from the dealer to each server
  std::uint64_t client_sent = 0, client_received = 0;  // bytes of this rank
  double embedding_ms = 0;            // until the servers had the prompt's embeddings
  double dealer_waited_ms = 0;        // the longer of what the two servers waited for the dealer
  bool from_pool = false;             // was the prompt dealt before the request came?
};

struct BackendRequest {
  std::string protocol;    // "v3"
  std::size_t prompt = 0;  // tokens of the first step
  std::size_t decode = 0;  // of one token each that may follow it
  bool show = false;       // glimpses are wanted
};

// Ready requests that the dealer has, for prompts of up to so many tokens.
struct PoolLevel {
  std::size_t positions = 0, ready = 0, wanted = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  // Throw what ends the job (a rank that is gone), never what is wrong with one request: that was looked at by trouble().
  virtual void begin(const BackendRequest& request) = 0;
  virtual std::vector<float> step(const std::vector<text::Token>& tokens) = 0;
  virtual std::vector<Sight> sights() = 0;  // of the last step, where they are wanted
  virtual RequestCosts finish() = 0;
  virtual void while_waiting() = 0;              // about every 50 ms between requests, and between two that are longer
  virtual std::vector<PoolLevel> pool() = 0;
  // From any thread: why such a request cannot be computed (too long, too little memory), as one sentence, or "".
  virtual std::string trouble(const BackendRequest& request) const = 0;
};

}  // namespace shardlm::app
