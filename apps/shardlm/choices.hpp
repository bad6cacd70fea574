// What the options of a job mean to the protocol.
#pragma once

#include "options.hpp"
#include "shardlm/protocol/presets.hpp"

namespace shardlm::app {

// Throws Error for options that exclude each other.
protocol::Choices choices(const JobOptions& options);

// The positions that a prompt of so many tokens takes: with --pad-to always the same. Throws Error for one that is longer.
std::size_t positions(const JobOptions& options, std::size_t tokens);

// For --protocol plain. Throws Error for options that only say how something stays private.
void refuse_private_options(const JobOptions& options);

}  // namespace shardlm::app
