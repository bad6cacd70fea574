// The files of a share set and of a sealed table, as manifests have them.
#pragma once

#include <string>
#include <vector>

#include "layout.hpp"
#include "shardlm/io/sealed_table.hpp"
#include "shardlm/io/share_set.hpp"

namespace shardlm::io {

constexpr const char* kShareAgain = "make shares of the model again (shardlm share)";
constexpr FileFormat kClientShareFormat{"shardlm-share-client", 1, "client's file of a share set", kShareAgain};
constexpr FileFormat kServer0ShareFormat{"shardlm-share-server0", 1, "share of server 0", kShareAgain};
constexpr FileFormat kServer1ShareFormat{"shardlm-share-server1", 1, "share of server 1", kShareAgain};
constexpr FileFormat kDealerShareFormat{"shardlm-share-dealer", 2, "dealer's file of a share set", kShareAgain};

constexpr const char* kTableAgain = "make table and key again (shardlm ot rotate)";
constexpr FileFormat kSealedTableFormat{"shardlm-sealed-table", 1, "sealed table", kTableAgain};
constexpr FileFormat kTableKeyFormat{"shardlm-table-key", 1, "key of a sealed table", kTableAgain};
constexpr FileFormat kTextsFormat{"shardlm-texts", 1, "file of texts", "remove it, and it is sent again"};

std::string hex(const ShareNumber& number);
// From the attribute share_set. Throws Error naming `where`.
ShareNumber share_set_of(const nlohmann::json& attributes, const std::string& where);

// 2 n lower-case hex digits of n bytes, and back from an attribute: false where it is anything else.
std::string hex_of(const std::uint8_t* bytes, std::size_t n);
bool from_hex(const nlohmann::json& attributes, const char* name, std::uint8_t* bytes, std::size_t n);
// A text attribute. Throws Error naming `where`.
std::string text_of(const nlohmann::json& attributes, const char* name, const std::string& where);

// Whether a model file's dataset goes to the client, or else to the dealer.
bool is_client_part(const std::string& dataset);

// Whether it is one of the two texts.
bool is_text(const std::string& dataset);

// Server 1's datasets.
std::vector<DatasetSpec> word_datasets(const ModelConfig& config);

}  // namespace shardlm::io
