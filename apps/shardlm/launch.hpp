// What is known of this process before MPI is started, and the threads that it may use.
#pragma once

namespace shardlm::app {

struct Launch {
  bool by_launcher = false;  // mpirun, srun and the like
  int rank = 0;              // 0 where there is no launcher
  int local_ranks = 1;       // on this machine, as far as the launcher says
  int parts = 1;             // of the job, with a command line each
};
Launch launch();

int cores();  // that this process may use

// Before Kokkos is initialised: how many threads it is to use, unless OMP_NUM_THREADS or KOKKOS_NUM_THREADS says so; threads > 0
// goes before both. computing: how many processes of this machine compute at the same time. (OpenMP itself has read the environment
// when the program was loaded.)
void set_threads(int threads, int computing);

}  // namespace shardlm::app
