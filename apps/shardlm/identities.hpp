// shardlm keys new, show and trial: identities of ranks, for secure channels.
#pragma once

#include "options.hpp"

namespace shardlm::app {

int keys_new(const KeysOptions& options);    // writes an identity, prints its public key
int keys_show(const KeysOptions& options);   // prints the public key of one
int keys_trial(const KeysOptions& options);  // a folder with four of them and their deck, to try it out on one machine

}  // namespace shardlm::app
