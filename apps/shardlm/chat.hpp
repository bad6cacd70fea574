// shardlm chat.
#pragma once

#include "launch.hpp"
#include "options.hpp"

namespace shardlm::app {

// On four ranks. trouble: a sentence about this rank's command line, which the others learn, or "". Returns the exit code.
int chat_private(const ChatOptions& options, const std::string& trouble);

// In ordinary floating point, in one process, which sees everything. Throws Error.
int chat_plain(const ChatOptions& options);

// Before anything else: SIGUSR1, and in a process of its own SIGINT, end the client while it starts and later stop its answer alone.
// Nobody else takes notice of them.
void prepare_for_interrupts(const ChatOptions& options, const Launch& launch);

}  // namespace shardlm::app
