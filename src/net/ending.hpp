// How this process began and how it ends: what its signal handlers and Mpi's destructor need to know.
#pragma once

#include <string>

namespace shardlm::net {

// `who` names this rank in the sentence that a handler writes.
void install_handlers(const char* who);

// Prints "shardlm: <sentence>", for all ranks.
void report_for_all(const std::string& sentence) noexcept;

// From now on the handlers are silent: this rank has said what there is to say, or is through with its work.
void mute_handlers() noexcept;

// This rank told the others that it gives up: MPI must not be finalised any more.
void mark_failed() noexcept;
bool marked_failed() noexcept;

// Was this process started by mpirun or another launcher? MPI itself makes it look so, once it is initialised.
bool launched() noexcept;

}  // namespace shardlm::net
