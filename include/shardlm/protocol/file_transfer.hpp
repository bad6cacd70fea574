// A file that the client needs before it can ask: a sealed table or a model's texts. It is sent once and kept (io/received_file.hpp).
//
//   holder -> client   file: its digest and size
//   client -> holder   file: how many of its bytes are here
//   holder -> client   file: the rest, in parts
#pragma once

#include <functional>
#include <string>

#include "shardlm/io/model_file.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::protocol {

// The holder's end: returns when the client has all of it. digest: 64 hex digits.
void offer_file(net::World& world, const std::string& path, const std::string& digest);

// The client's end: where the whole file lies. check: says why the file at this path is not the one with this digest, or ""; called for
// a file that has just come (io::ReceivedFile::publish). Throws Error.
struct Received {
  std::string path;
  std::uint64_t bytes = 0, sent = 0;  // of the file; that were sent now
};
Received receive_file(net::World& world, net::Role from, const std::function<std::string(const std::string& path, const std::string& digest)>& check,
                      const io::Progress& progress);

}  // namespace shardlm::protocol
