// shardlm seal and unseal: files at rest that say nothing without their key; shardlm keys: makes such keys.
#pragma once

#include "options.hpp"
#include "shardlm/io/sealed_file.hpp"

namespace shardlm::app {

// What opens sealed files, as --key-file and --passphrase-file say. fresh: it is chosen now, so a terminal asks for a passphrase twice.
io::Unlock unlock(const UnlockOptions& options, bool fresh);

// Throw Error; then, and after SIGINT or SIGTERM, nothing of what they write is left behind.
int seal_file(const SealOptions& options);
int unseal_file(const SealOptions& options);
int keys_data(const KeysOptions& options);

}  // namespace shardlm::app
