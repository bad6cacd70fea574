// Requests that are dealt before anyone asks: fresh keys, salt and masks each, used for one request and never again.
//
// What a dealer deals depends on lengths alone, so it can be made ahead for prompts that are padded to a length known in advance. It lies in the
// dealer's memory until a request of its length is announced; only then do servers get its keys, and what was dealt.
#pragma once

#include <deque>
#include <memory>

#include "dealing.hpp"
#include "shardlm/qwen/decoder.hpp"

namespace shardlm::protocol {

struct ReadyRequest {
  ReadyRequest(net::World& world, qwen::Decoder conversation, std::size_t ahead) : decoder(std::move(conversation)), dealing(world, ahead) {}
  qwen::Decoder decoder;  // the dealer's side of a conversation: masks of its kept wires
  Dealing dealing;
};

class Pool {
 public:
  Pool(net::World& world, const qwen::Model& model, const ServeOptions& options);
  // Deals what is missing, once nobody has asked for anything for a moment, until the client wants something.
  void fill();
  // One for this request, or null. It leaves the pool.
  std::unique_ptr<ReadyRequest> take(const Announcement& a);

 private:
  struct Size {
    PoolSize wanted;
    std::deque<std::unique_ptr<ReadyRequest>> ready;
  };
  bool client_wants() { return world_.waiting(net::Role::client, net::Lane::control); }
  bool quiet();
  Size* missing();
  void tell();
  net::World& world_;
  const qwen::Model& model_;
  const ServeOptions& options_;
  std::deque<Size> sizes_;
};

}  // namespace shardlm::protocol
