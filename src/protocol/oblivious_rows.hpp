// Embedding rows by adaptive oblivious transfer: the client opens the rows of its tokens in a sealed table with whoever holds the key
// (ot/oprf.hpp, ot/rows.hpp). 32 bytes a token each way, one round for all tokens of a step.
#pragma once

#include <deque>
#include <vector>

#include "shardlm/io/model_file.hpp"
#include "shardlm/net/world.hpp"
#include "shardlm/ot/oprf.hpp"

namespace shardlm::protocol {

// A step's tokens, and all that depends on which they are: their blinded elements and copies of their sealed rows.
struct RowQuestion {
  std::vector<std::int32_t> tokens;
  std::vector<ot::Blind> blinds;
  std::vector<std::uint8_t> sealed;  // [tokens][a sealed row]
  net::Packet elements;
};

// The client's end.
class RowReader {
 public:
  RowReader(net::World& world, const io::ModelFile& table, net::Role holder) : world_(world), table_(table), holder_(holder) {}

  // Draws blinds ahead of need, while the servers compute.
  void draw(std::size_t n);
  // Every token is asked for, also one that was before, so that the number of elements says the number of tokens and no more. Looks into the
  // table, which takes a time that may depend on where: call it before the step's first message. read() then does the same work for any token.
  RowQuestion prepare(const std::vector<std::int32_t>& tokens);
  // The rows, [tokens][hidden]. Throws Error for an answer that is none, or does not open a token's row.
  std::vector<float> read(std::uint64_t request, RowQuestion question);

 private:
  ot::Blind next_blind();
  net::Packet answer(std::uint64_t request, RowQuestion& question);
  void open(const ot::Output& output, std::uint32_t token, const std::uint8_t* sealed, std::uint8_t* row) const;
  net::World& world_;
  const io::ModelFile& table_;
  net::Role holder_;
  std::deque<ot::Blind> drawn_;
};

// What a request may ask for: `first` rows at once, then one at a time, in so many steps.
struct RowsDue {
  std::size_t first, steps;
};

// The holder's end, for one request.
class RowAnswerer {
 public:
  RowAnswerer(net::World& world, const ot::PrivateKey& key, std::uint64_t request, RowsDue due) : world_(world), key_(key), request_(request), due_(due) {}

  // Waits for a step's elements and answers. Throws Error for a wrong number of them, for one that is no point or the identity, and for more
  // steps than were announced.
  void answer();
  // The same if they have come, for a rank that does something else meanwhile: were they there?
  bool answer_if_asked();
  double seconds() const { return seconds_; }

 private:
  net::World& world_;
  const ot::PrivateKey& key_;
  std::uint64_t request_;
  RowsDue due_;
  std::size_t steps_ = 0;
  double seconds_ = 0;
};

}  // namespace shardlm::protocol
