// What the options of a job mean to the protocol.
#pragma once

#include "options.hpp"
#include "shardlm/protocol/presets.hpp"
#include "shardlm/protocol/session.hpp"

namespace shardlm::app {

// Throws Error for options that exclude each other.
protocol::Choices choices(const JobOptions& options);

// What requests of a job may choose: of its protocol, then of those that it also offers. Secret weights, secure channels and sealed files hold for
// all of them if for one. Throws as choices() does, and for protocols that cannot be offered beside each other.
std::vector<protocol::Choices> offered(const JobOptions& options);

// The positions that a prompt of so many tokens takes: with --pad-to always the same. Throws Error for one that is longer.
std::size_t positions(const JobOptions& options, std::size_t tokens);

// What the client announces of a prompt of so many tokens and the steps that may follow it. Throws as positions() does.
protocol::Lengths lengths(const JobOptions& options, std::size_t tokens, std::size_t further);

// Throws Error for a --pad-to that holds no question, because the chat template takes `around` tokens, or of more than `most`, as `limit` says.
void check_padding(const JobOptions& options, std::size_t around, std::size_t most, const std::string& limit);

// For --protocol plain. Throws Error for options that only say how something stays private.
void refuse_private_options(const JobOptions& options);

}  // namespace shardlm::app
