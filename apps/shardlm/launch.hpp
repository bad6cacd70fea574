// What is known of this process before MPI is started, and the threads that it may use.
#pragma once

namespace shardlm::app {

struct Launch {
  bool by_launcher = false;  // mpirun, srun and the like
  int rank = 0;              // 0 where there is no launcher
  int local_ranks = 1;       // on this machine, as far as the launcher says
};
Launch launch();

// Settings of OpenMP's, which it reads when it starts: OMP_NUM_THREADS unless the environment has one (threads > 0 goes before
// both), no binding, because ranks that are started together would all take the same cores, and short waits. computing: how many
// processes of this machine compute at the same time.
void set_threads(int threads, int computing);

}  // namespace shardlm::app
