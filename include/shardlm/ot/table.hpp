// Makes a sealed table: every row of a model's embedding, encrypted under a key from the pseudorandom function at its number (rows.hpp).
#pragma once

#include <string>

#include "shardlm/io/sealed_table.hpp"
#include "shardlm/ot/oprf.hpp"

namespace shardlm::ot {

// A fresh key and table number, and the folder with both files (io/sealed_table.hpp). replaces: the folder's former key and table go when
// the new ones come. Runs on all cores. Throws Error.
void make_table(const std::string& model, const std::string& folder, const io::Progress& progress, bool replaces = false);

// The key of a key file.
PrivateKey key_of(const io::KeyFile& file);

}  // namespace shardlm::ot
