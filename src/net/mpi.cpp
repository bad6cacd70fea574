#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "call.hpp"
#include "ending.hpp"
#include "shardlm/net/run.hpp"

namespace shardlm::net {
namespace {

// Open MPI copies large messages on one machine straight out of the other process. Where a container forbids that, it fails with
// a line of noise a message; asking first turns it off.
void avoid_forbidden_copies() {
  char from = 1, to = 0;
  const iovec local{&to, 1}, remote{&from, 1};
  if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1) setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0);
}

// A rank that wakes to a message should run at once though others compute. Linux 6.12 and later let it if its time slice is
// short; older kernels favour sleepers anyway, and take no notice. Without this a round trip between ranks that share cores with
// busy ones took 4 ms, with it 20 microseconds to 1 ms. And short sleeps are rounded up by 50 microseconds unless told otherwise.
void wake_promptly() {
  struct {  // Linux's struct sched_attr, which Debian's headers declare in different places
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) == 0 && attributes.policy == SCHED_OTHER) {
    attributes.runtime = 100'000;  // nanoseconds, the shortest slice there is
    syscall(SYS_sched_setattr, 0, &attributes, 0);
  }
  prctl(PR_SET_TIMERSLACK, 1000UL);  // nanoseconds
}

bool by_launcher = false;

}  // namespace

bool launched() noexcept { return by_launcher; }

std::string mpi_library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string name(text, std::size_t(length));
  return name.substr(0, name.find_first_of(",\n"));
}

Mpi::Mpi(int& argc, char**& argv) {
  for (const char* sign : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"}) by_launcher = by_launcher || std::getenv(sign) != nullptr;
  avoid_forbidden_copies();
  int provided = MPI_THREAD_SINGLE;
  call(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "starting");
  if (provided < MPI_THREAD_FUNNELED) throw Error("this MPI does not allow threads beside the one that calls it; use another build");
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  install_handlers(ranks == kParties ? name(static_cast<Role>(rank)) : ("rank " + std::to_string(rank)).c_str());
  wake_promptly();
}

Mpi::~Mpi() {
  if (marked_failed()) abandon(1);
  mute_handlers();
  MPI_Finalize();
}

}  // namespace shardlm::net
