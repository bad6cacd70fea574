// The four ranks, as the gateway's queue sees them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gateway/backend.hpp"
#include "options.hpp"
#include "shardlm/protocol/session.hpp"

namespace shardlm::app {

// Bytes that the dealer keeps when the pool is full.
std::uint64_t pool_bytes(const io::ModelConfig& config, const GatewayOptions& options);

class RanksBackend : public Backend {
 public:
  // clients: by the protocols that the options name, in their order. available: bytes that each of the other ranks has to compute with, the
  // pool's among them.
  RanksBackend(net::World& world, std::vector<std::unique_ptr<protocol::Client>>& clients, const io::ModelConfig& config, const GatewayOptions& options,
               std::uint64_t available);

  void begin(const BackendRequest& request) override;
  std::vector<float> step(const std::vector<text::Token>& tokens) override;
  std::vector<Sight> sights() override;
  RequestCosts finish() override;
  void while_waiting() override;
  std::vector<PoolLevel> pool() override;
  std::string trouble(const BackendRequest& request) const override;

 private:
  struct Bytes {
    std::uint64_t sent = 0, received = 0;
  };
  Bytes traffic() const;
  net::World& world_;
  std::vector<std::unique_ptr<protocol::Client>>& clients_;
  const io::ModelConfig& config_;
  const GatewayOptions& options_;
  const std::uint64_t available_;
  std::vector<PoolLevel> levels_;
  protocol::Client* client_ = nullptr;  // of the request under way
  double embedding_before_ = 0;
  Bytes before_;
};

// The positions that a prompt of so many tokens takes. Throws Error for one that is longer than --pad-to.
std::size_t positions_taken(const GatewayOptions& options, const std::string& protocol, std::size_t tokens);

// What is announced of a request: its prompt padded to a size of the pool, or to --pad-to, where these apply.
protocol::Lengths gateway_lengths(const GatewayOptions& options, const BackendRequest& request);

}  // namespace shardlm::app
