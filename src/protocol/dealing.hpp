// The dealer's work for one request: all of it after the announcement, or its first steps before.
#pragma once

#include <optional>

#include "messages.hpp"
#include "oblivious_rows.hpp"
#include "shardlm/mpc/dealer.hpp"
#include "shardlm/protocol/session.hpp"

namespace shardlm::protocol {

class Dealing {
 public:
  // Draws keys and salt of its own. ahead: bytes that may be under way to the servers.
  Dealing(net::World& world, std::size_t ahead);
  ~Dealing();
  Dealing(const Dealing&) = delete;
  Dealing& operator=(const Dealing&) = delete;

  // Before any announcement: deals a prompt's step and those of `further` tokens into memory. False where the client wants something first: what was
  // dealt so far is of no use to anyone then.
  bool prepare(qwen::Decoder& decoder, std::size_t prompt, bool padded, std::size_t further);
  // The request has come, once: sends keys and what was prepared, and deals on until all that was announced is dealt or the client stops it.
  void answer(qwen::Decoder& decoder, const Announcement& a, const ServeOptions& options);

 private:
  bool client_wants();
  void send_keys(std::uint64_t request);
  void deal(qwen::Decoder& decoder, const Announcement& a);
  void await_stop(std::uint64_t request);
  net::World& world_;
  DealtKeys keys_[2];
  mpc::DealerRequest request_;
  mpc::Dealer dealer_;
  std::optional<RowAnswerer> rows_;
  std::uint64_t steps_ = 0;
  double busy_ = 0;
};

}  // namespace shardlm::protocol
