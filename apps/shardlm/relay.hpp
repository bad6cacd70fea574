// shardlm chat without a launcher: starts the four ranks on this machine itself, and stands between them and the terminal.
#pragma once

namespace shardlm::app {

// Starts mpirun (or what SHARDLM_MPIRUN names) with this program's own arguments, in a session of its own, so that Ctrl-C does not
// reach it. Passes standard input on; makes SIGINT a SIGUSR1, which mpirun passes to the ranks; ends the job at SIGTERM, SIGHUP
// and SIGQUIT. Returns the job's exit code. Throws Error where nothing can be started.
int relay_to_four_ranks(int argc, const char* const* argv);

}  // namespace shardlm::app
