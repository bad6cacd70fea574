// Makes the files of a model whose weights are secret from the servers.
#pragma once

#include <string>

#include "shardlm/io/model_file.hpp"

namespace shardlm::qwen {

// Cuts a model file in a share set (io/share_set.hpp) with a fresh number and seed from the operating system: two share sets of one
// model have nothing in common. Returns "share set 0123...". Throws Error.
std::string share_model(const std::string& model, const std::string& folder, const io::Progress& progress);

}  // namespace shardlm::qwen
