#include "ending.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "shardlm/net/run.hpp"

namespace shardlm::net {
namespace {

volatile sig_atomic_t muted = 0;
volatile sig_atomic_t failed = 0;
volatile pid_t launcher = 0;

// Written in advance: a handler may only copy bytes.
char ended_by_job[200], ended_by_launcher[200], ended_by_user[200];

void say(const char* text) {
  const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
  (void)written;  // there is nobody left to tell
}

// A job is ended on all of its ranks at once, and one sentence is enough: on each host the rank speaks that first takes a name
// which lasts as long as its process (a socket's, in Linux's abstract name space).
sockaddr_un turn{};
socklen_t turn_bytes = 0;
int turn_socket = -1;

void prepare_turn() {
  const char* job = std::getenv("PMIX_NAMESPACE");
  const std::string name = "shardlm-" + std::to_string(getuid()) + "-" + (job != nullptr ? job : std::to_string(getppid()));
  turn.sun_family = AF_UNIX;
  std::strncpy(turn.sun_path + 1, name.c_str(), sizeof turn.sun_path - 2);
  turn_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(turn.sun_path + 1));
  turn_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void say_for_this_host(const char* text) {
  if (bind(turn_socket, reinterpret_cast<const sockaddr*>(&turn), turn_bytes) != 0 && errno == EADDRINUSE) return;
  say(text);
  const timespec others_are_gone{0, 700'000'000};  // mpirun kills after a second
  nanosleep(&others_are_gone, nullptr);
}

EndSignals taken_signals;
volatile sig_atomic_t taken = 0;
static_assert(std::atomic<bool>::is_always_lock_free, "handlers may store it");

[[noreturn]] void end_by_job() {
  if (!muted) say_for_this_host(getppid() == launcher ? ended_by_job : ended_by_launcher);
  _exit(1);
}

// A launcher that ends a job signals its children itself, and one that is gone is no parent any more.
extern "C" void on_terminate(int, siginfo_t* info, void*) {
  if (!taken) end_by_job();
  (info->si_pid == launcher || getppid() != launcher ? taken_signals.ended : taken_signals.asked) = true;
}

extern "C" void on_interrupt(int, siginfo_t*, void*) {
  if (taken) {
    taken_signals.asked = true;
    return;
  }
  if (!muted) say_for_this_host(ended_by_user);
  _exit(130);
}

void handle(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

// Ends with its launcher, even when that one is killed. Only where the parent is one of Open MPI's: a shell or a debugger in
// between may well go before its child.
void die_with_launcher() {
  std::string parent;
  std::ifstream("/proc/" + std::to_string(getppid()) + "/comm") >> parent;
  for (const char* known : {"mpirun", "mpiexec", "orterun", "orted", "prterun", "prted"}) {
    if (parent == known) prctl(PR_SET_PDEATHSIG, SIGTERM);
  }
}

}  // namespace

void install_handlers(const char* who) {
  launcher = getppid();
  prepare_turn();
  std::snprintf(ended_by_job, sizeof(ended_by_job),
                "shardlm: %s: ended because another rank of this job was killed or failed, or the job was stopped\n", who);
  std::snprintf(ended_by_launcher, sizeof(ended_by_launcher), "shardlm: %s: ended because mpirun is gone\n", who);
  std::snprintf(ended_by_user, sizeof(ended_by_user), "shardlm: %s: ended by the user\n", who);
  handle(SIGTERM, on_terminate);
  handle(SIGINT, on_interrupt);
  die_with_launcher();
}

EndSignals& take_end_signals() {
  taken = 1;
  return taken_signals;
}

void release_end_signals() noexcept { taken = 0; }

void end_of_job() noexcept { end_by_job(); }

void mute_handlers() noexcept { muted = 1; }
void mark_failed() noexcept { failed = 1; }
bool marked_failed() noexcept { return failed != 0; }

void report_for_all(const std::string& sentence) noexcept {
  mute_handlers();
  try {
    say(("shardlm: " + sentence + "\n").c_str());
  } catch (const std::exception&) {
    say("shardlm: a rank failed, and has no memory left to say why\n");
  }
}

void report(Role who, const std::string& sentence) noexcept { report_for_all(std::string(name(who)) + ": " + sentence); }

void abandon(int code) noexcept {
  mute_handlers();
  std::fflush(nullptr);
  const timespec grace{0, 300'000'000};
  nanosleep(&grace, nullptr);
  _exit(code);
}

}  // namespace shardlm::net
