// What a rank holds of the model, by its role and by the protocol.
#pragma once

#include <optional>
#include <string>

#include "options.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/io/share_set.hpp"
#include "shardlm/net/world.hpp"
#include "shardlm/qwen/model.hpp"

namespace shardlm::app {

class Held {
 public:
  // Throws Error for a file that this rank must not use, or that this protocol does not.
  Held(net::Role role, const JobOptions& options);

  const std::string& digest() const { return file_ ? file_->digest() : share_->digest(); }
  // What this rank's weights take in the execution space's memory: nothing where that is the host's, which computes with what it maps.
  std::uint64_t device_bytes() const;
  const io::ModelFile& file() const { return *file_; }  // the client's, and the dealer's; of public weights a server's too
  qwen::Model model() const;                            // a server's or the dealer's; this outlives it

 private:
  net::Role role_;
  bool secret_weights_;
  std::string path_;
  std::optional<io::ModelFile> file_;
  std::optional<io::ServerShare> share_;
};

}  // namespace shardlm::app
