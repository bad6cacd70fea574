// The main of every program that runs on four ranks, and the ways in which a rank ends.
//
//   orderly         every rank returns from its body, or all throw the same Disagreement: MPI is finalised, the codes are one
//   one rank fails  it prints its sentence, tells the others, and all end at once, without MPI_Finalize, with code 1
//   one is killed   mpirun sends SIGTERM to the others, whose handler prints why they end
#pragma once

#include <atomic>
#include <functional>

#include "shardlm/net/world.hpp"

namespace shardlm::net {

// Constructs Mpi, Kokkos (unless it is initialised) and World, in this order, calls body on every rank and returns the process's
// exit code: the largest that a body returned, 1 after a Disagreement. Does not return on a rank that fails, or learns that
// another one did. Whatever goes wrong is one line on stderr, "shardlm: server 0: <sentence>", by the rank where it happened.
int run(int& argc, char**& argv, const std::function<int(World&)>& body, double timeout = 60);

// "Open MPI 4.1.4": what this MPI calls itself; also before it is started.
std::string mpi_library();

// Prints "shardlm: <who>: <sentence>" in one piece on stderr; afterwards this rank's signal handler is silent.
void report(Role who, const std::string& sentence) noexcept;

// For a rank that others wait for outside of the job: from now on SIGTERM and SIGINT are told here, and end nothing.
struct EndSignals {
  std::atomic<bool> asked{false};  // somebody wants this rank to end in order
  std::atomic<bool> ended{false};  // the launcher ends the job, because it was stopped or another rank is gone: a second is left, then end_of_job()
};
EndSignals& take_end_signals();
void release_end_signals() noexcept;  // from now on they end this rank again
// Says why and ends this process, as the handlers do that take_end_signals() replaced.
[[noreturn]] void end_of_job() noexcept;

// Ends this process without MPI_Finalize, after a moment in which the other ranks, told by World::fail(), can end by themselves.
[[noreturn]] void abandon(int code) noexcept;

}  // namespace shardlm::net
