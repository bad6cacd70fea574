#include "relay.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};

[[noreturn]] void fail(const std::string& what) { throw Error(what + ": " + std::strerror(errno)); }

std::string launcher() {
  const char* named = std::getenv("SHARDLM_MPIRUN");
  return named != nullptr && *named != '\0' ? named : "mpirun";
}

std::string this_program() {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  if (n <= 0 || n == sizeof path) throw Error("cannot tell where this program is; start it with mpirun -n 4");
  return std::string(path, std::size_t(n));
}

std::vector<std::string> command_line(int argc, const char* const* argv, bool talks) {
  std::vector<std::string> all{launcher(), "-q", "--oversubscribe", "--bind-to", "none", "-n", "4", this_program()};
  all.insert(all.end(), argv + 1, argv + argc);
  if (talks && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) all.emplace_back("--interactive");
  return all;
}

// The job, and the pipe that is its standard input.
class Job {
 public:
  Job(int argc, const char* const* argv, bool talks) {
    const std::vector<std::string> words = command_line(argc, argv, talks);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    int input[2], trouble[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(trouble, O_CLOEXEC) != 0) fail("cannot make a pipe to mpirun");
    pid_ = fork();
    if (pid_ < 0) fail("cannot start mpirun");
    if (pid_ == 0) become(arguments.data(), input[0], trouble[1]);
    close(input[0]);
    close(trouble[1]);
    input_ = input[1];
    fcntl(input_, F_SETFL, O_NONBLOCK);
    const ssize_t n = read(trouble[0], &errno, sizeof errno);  // nothing, once mpirun runs
    close(trouble[0]);
    if (n > 0) {
      const int why = errno;
      waitpid(pid_, nullptr, 0);
      throw Error("cannot start " + words[0] + ": " + std::strerror(why) + "; install Open MPI, or name its mpirun in SHARDLM_MPIRUN");
    }
  }

  void signal(int number) const { kill(pid_, number); }
  // Has it ended? Its exit code then, as a shell gives it.
  bool ended(int& code) const {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1) {  // Ctrl-C, before mpirun was ready for it
      std::fputs("shardlm: ended by the user\n", stderr);
      code = 130;
    }
    return true;
  }
  int input() const { return input_; }
  void end_input() {
    if (input_ >= 0) close(input_);
    input_ = -1;
  }

 private:
  // In the child; only calls that are safe after fork.
  [[noreturn]] static void become(char* const* arguments, int input, int trouble) {
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // does not outlive the relay, however that ends
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    dup2(input, STDIN_FILENO);
    execvp(arguments[0], arguments);
    const ssize_t told = write(trouble, &errno, sizeof errno);
    _exit(told > 0 ? 127 : 126);
  }

  pid_t pid_ = -1;
  int input_ = -1;
};

// Blocks the signals and takes them as they come from a descriptor.
int signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : kSignals) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) fail("cannot wait for signals");
  return descriptor;
}

// What was read and not yet passed on: at most a part, so that a job that does not read holds back who writes.
struct Held {
  char part[4096];
  std::size_t from = 0, to = 0;
  bool empty() const { return from == to; }
};

void pass_on(Job& job, Held& held, bool readable) {
  if (held.empty() && readable) {
    const ssize_t n = read(STDIN_FILENO, held.part, sizeof held.part);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) return job.end_input();
    held.from = 0;
    held.to = std::size_t(n);
  }
  if (held.empty()) return;
  const ssize_t n = write(job.input(), held.part + held.from, held.to - held.from);
  if (n > 0) held.from += std::size_t(n);
  if (n < 0 && errno != EAGAIN && errno != EINTR) job.end_input();  // the job is ending
}

}  // namespace

int relay_to_four_ranks(int argc, const char* const* argv, RelayFor what) {
  const int came = signals();
  const bool talks = what == RelayFor::talk;
  Job job(argc, argv, talks);
  if (!talks) job.end_input();
  Held held;
  for (int code = 0; true;) {
    const bool open = job.input() >= 0;
    // A negative descriptor is left out: one waits for more to pass on, or until it can be passed on.
    pollfd watched[] = {
        {came, POLLIN, 0}, {open && held.empty() ? STDIN_FILENO : -1, POLLIN, 0}, {open && !held.empty() ? job.input() : -1, POLLOUT, 0}};
    if (poll(watched, 3, -1) < 0 && errno != EINTR) fail("cannot wait for input");
    signalfd_siginfo signal{};
    if (watched[0].revents != 0 && read(came, &signal, sizeof signal) == sizeof signal) {
      const int number = int(signal.ssi_signo);
      if (number != SIGCHLD) job.signal(number == SIGINT || (number == SIGTERM && !talks) ? SIGUSR1 : SIGTERM);
      if (number == SIGCHLD && job.ended(code)) return code;
    }
    if (watched[1].revents != 0 || watched[2].revents != 0) pass_on(job, held, watched[1].revents != 0);
  }
}

}  // namespace shardlm::app
