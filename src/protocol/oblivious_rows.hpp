// Embedding rows by adaptive oblivious transfer: the client opens the rows of its tokens in a sealed table with whoever holds the key
// (ot/oprf.hpp, ot/rows.hpp). 32 bytes a token each way, one round for all tokens of a step.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "shardlm/io/model_file.hpp"
#include "shardlm/net/world.hpp"
#include "shardlm/ot/oprf.hpp"

namespace shardlm::protocol {

// The client's end.
class RowReader {
 public:
  RowReader(net::World& world, const io::ModelFile& table, net::Role holder) : world_(world), table_(table), holder_(holder) {}

  // The rows of these tokens, [tokens][hidden]. Every token is asked for, also one that was before, so that the number of elements says the
  // number of tokens and no more. Throws Error for an answer that is none, or does not open the token's row.
  std::vector<float> read(std::uint64_t request, const std::vector<std::int32_t>& tokens);
  // Draws blinds ahead of need, while the servers compute.
  void draw(std::size_t n);

 private:
  ot::Blind next_blind();
  net::World& world_;
  const io::ModelFile& table_;
  net::Role holder_;
  std::deque<ot::Blind> drawn_;
};

// The holder's end, for one request.
class RowAnswerer {
 public:
  // prompt: the tokens of the first step; each later one has a single token.
  RowAnswerer(net::World& world, const ot::PrivateKey& key, std::uint64_t request, std::size_t prompt)
      : world_(world), key_(key), request_(request), prompt_(prompt) {}

  // Waits for a step's elements and answers. Throws Error for a wrong number of them, and for one that is no point or the identity.
  void answer();
  // The same if they have come, for a rank that does something else meanwhile: were they there?
  bool answer_if_asked();
  double seconds() const { return seconds_; }

 private:
  net::World& world_;
  const ot::PrivateKey& key_;
  std::uint64_t request_;
  std::size_t prompt_, steps_ = 0;
  double seconds_ = 0;
};

}  // namespace shardlm::protocol
