// shardlm chat and shardlm serve without a launcher: they start the four ranks on this machine themselves, and stand between them and the terminal.
#pragma once

namespace shardlm::app {

enum class RelayFor {
  talk,    // standard input is passed on; SIGINT becomes a SIGUSR1, which mpirun passes to the ranks; SIGTERM ends the job
  serving  // no input; SIGINT and SIGTERM become SIGUSR1
};

// Starts mpirun (or what SHARDLM_MPIRUN names) with this program's own arguments, in a session of its own, so that Ctrl-C does not
// reach it. SIGHUP and SIGQUIT end the job. Returns the job's exit code. Throws Error where nothing can be started.
int relay_to_four_ranks(int argc, const char* const* argv, RelayFor what);

}  // namespace shardlm::app
