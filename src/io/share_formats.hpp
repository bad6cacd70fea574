// The files of a share set, as manifests have them.
#pragma once

#include <string>
#include <vector>

#include "layout.hpp"
#include "shardlm/io/share_set.hpp"

namespace shardlm::io {

constexpr const char* kShareAgain = "make shares of the model again (shardlm share)";
constexpr FileFormat kClientShareFormat{"shardlm-share-client", 1, "client's file of a share set", kShareAgain};
constexpr FileFormat kServer0ShareFormat{"shardlm-share-server0", 1, "share of server 0", kShareAgain};
constexpr FileFormat kServer1ShareFormat{"shardlm-share-server1", 1, "share of server 1", kShareAgain};
constexpr FileFormat kDealerShareFormat{"shardlm-share-dealer", 1, "dealer's file of a share set", kShareAgain};

std::string hex(const ShareNumber& number);
// From the attribute share_set. Throws Error naming `where`.
ShareNumber share_set_of(const nlohmann::json& attributes, const std::string& where);

// Whether a model file's dataset goes to the client, or else to the dealer.
bool is_client_part(const std::string& dataset);

// Server 1's datasets.
std::vector<DatasetSpec> word_datasets(const ModelConfig& config);

}  // namespace shardlm::io
