// A message under way, and the memory of those that nobody waits for any more.
#pragma once

#include <mpi.h>

#include <deque>

#include "header.hpp"
#include "shardlm/seal/channel.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::net {

// Buffers that MPI may still read or write though their transfer was given up.
class Graveyard {
 public:
  void bury(std::vector<MPI_Request> parts, MessageBuffer bytes, std::size_t used);
  void reap();   // lets go what MPI has done with
  void close();  // at World's end: gives the rest a moment, then leaves it allocated for good

 private:
  struct Grave {
    std::vector<MPI_Request> parts;
    MessageBuffer bytes;
    std::size_t used;
  };
  std::vector<Grave> graves_;
  bool closed_ = false;
};

// The receives of one lane from one rank whose messages have not come yet, in order.
using Expected = std::deque<Transfer::State*>;

struct Transfer::State {
  ~State();
  std::string named() const;  // "opening 12 of request 3"
  std::size_t parts_of(std::size_t size) const { return size <= largest_part ? 1 : (size + largest_part - 1) / largest_part; }
  int tag(std::size_t part) const;
  std::uint8_t* part(std::size_t index) const;                 // part 0 begins with the header
  int part_bytes(std::size_t index, std::size_t total) const;  // of `total` bytes behind the header
  // What travels behind the header for a payload of so many bytes.
  std::size_t wire(std::size_t payload) const { return seals ? seal::sealed_size(payload) : payload; }

  std::shared_ptr<Graveyard> graveyard;
  std::shared_ptr<Expected> expected;  // of a receive: where it stands in line while its message has not come
  std::shared_ptr<Expected> sealed;    // of a receive of a sealed message: where it stands in line until it is opened
  MessageBuffer bytes;
  Packet* packet = nullptr;
  std::vector<MPI_Request> parts;
  bool sending = false;
  Role peer{};
  Lane lane{};
  Header header{};        // what is sent, or what is expected; its size is then the capacity
  bool any_kind = false;  // a receive that leaves the kind open
  std::size_t largest_part = 0;
  bool seals = false;    // its tags travel behind the payload
  bool opened = false;   // a receive whose header came and is right
  bool whole = false;    // and whose last part came
  bool clear = false;    // and which was decrypted
  std::size_t came = 0;  // payload bytes that it announced
};

}  // namespace shardlm::net
