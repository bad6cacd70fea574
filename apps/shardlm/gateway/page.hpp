// The chat page, and what a browser may do for it.
#pragma once

#include <string>

namespace shardlm::app {

// A Content-Security-Policy under which a page runs its own inline scripts and styles, by their hashes, asks this gateway, and does nothing else:
// whatever a model answers cannot become code, and nothing of a conversation can be sent elsewhere.
std::string security_policy(const std::string& page);

}  // namespace shardlm::app
