// What travels on the control lane, in host byte order: all ranks of a job run on the same architecture (agree_on_model compares).
#pragma once

#include "shardlm/core/error.hpp"
#include "shardlm/core/wipe.hpp"
#include "shardlm/crypto/stream.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace shardlm::protocol {

// A turn of a conversation. kept: its tokens that every rank holds from earlier turns, 0 for a new one, with room for `capacity`.
// prompt: its positions, with its padding. engine: a qwen::Engine; embedding: an Embedding; padded: does a bias a position come too? show: does the
// client want to see what the servers get?
struct Announcement {
  std::uint64_t request, prompt, decode, kept, capacity, engine, embedding, padded, show;
};

struct DealtKeys {
  crypto::Key key;
  crypto::Salt salt;
};

struct Step {
  std::uint64_t tokens;
};

template <class T>
T decode_message(std::vector<std::uint8_t> bytes) {
  if (bytes.size() != sizeof(T)) throw Error("a control message of " + std::to_string(bytes.size()) + " bytes came where " + std::to_string(sizeof(T)) + " were due");
  T message;
  std::memcpy(&message, bytes.data(), sizeof message);
  wipe(bytes.data(), bytes.size());  // it may hold a key
  return message;
}

}  // namespace shardlm::protocol
