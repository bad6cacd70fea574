// Embedding rows from keys of point functions: a server's end of Embedding::dpf (crypto/dpf_rows.hpp). The client's is in client.cpp.
#pragma once

#include <utility>

#include "shardlm/crypto/dpf_rows.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::protocol {

class PointReader {
 public:
  // table: a model file with its embedding, which outlives this.
  PointReader(net::World& world, const io::ModelFile& table);

  // Waits for the client's keys for a step; this server's shares of its rows, [tokens][hidden]. Throws Error for a message of another size.
  Tensor read(std::uint64_t request, std::size_t tokens);
  double take_seconds() { return std::exchange(seconds_, 0); }  // since the last time

 private:
  net::World& world_;
  int bits_;
  crypto::RowTable table_;
  double seconds_ = 0;
};

}  // namespace shardlm::protocol
