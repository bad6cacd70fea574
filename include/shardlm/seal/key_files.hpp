// Files of secret keys: three short lines of text, that only their owner can read.
//
//   shardlm identity 1                      shardlm data key 1
//   secret <64 hex digits: the seed>        secret <64 hex digits>
//   public ed25519:<64 hex digits>          name <16 hex digits: name_of(key)>
#pragma once

#include "shardlm/seal/agreement.hpp"

namespace shardlm::seal {

using DataKey = Key;  // of sealed files

// Says which data key it is and nothing of the key itself.
std::string name_of(const DataKey& key);

// A new file with mode 0600, which appears under its name when it is whole, or not at all. Error where there is something of that name
// already: a key is never overwritten.
void write_identity(const std::string& path, const Identity& identity);
void write_data_key(const std::string& path, const DataKey& key);

// Error for a file that others than its owner may read or write, that is not as above, or whose last line does not fit its secret.
Identity read_identity(const std::string& path);
DataKey read_data_key(const std::string& path);

}  // namespace shardlm::seal
