#include "process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include "printable.hpp"

namespace shardlm::attest {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kStep{20};
constexpr std::size_t kMostOutput = std::size_t{64} << 10;

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_, O_CLOEXEC) != 0) error_ = errno;
    if (error_ == 0) fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int error() const { return error_; }
  int end(int which) const { return ends_[which]; }
  void close_end(int which) {
    if (const int fd = std::exchange(ends_[which], -1); fd >= 0) close(fd);
  }

 private:
  int ends_[2] = {-1, -1};
  int error_ = 0;
};

// How a program is to start: nothing to read, both outputs into the pipe, no other files, no signals blocked or ignored.
class Start {
 public:
  explicit Start(const Pipe& pipe) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, pipe.end(1), 1);
    posix_spawn_file_actions_adddup2(&files_, pipe.end(1), 2);
#if defined __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(&files_, 3);
#endif
#endif
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~Start() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
  // 0 or an errno.
  int operator()(pid_t& child, const std::vector<std::string>& words, const std::vector<std::string>& environment) const {
    return posix_spawnp(&child, words[0].c_str(), &files_, &attributes_, pointers(words).data(), pointers(environment).data());
  }

 private:
  static std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
  }
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

// A child and its group; both are ended at the latest with this object.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  // The child is not waited for before its group is ended, so that nothing else can have its number by then.
  ~Child() {
    if (lost_) return;
    kill(-id_, SIGKILL);
    while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  bool has_ended(Ended& ended) {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
      if (errno == EINTR) return false;
      lost_ = true;  // this process ignores its children's ends, or somebody else has waited: nobody knows that it accepted
      ended = {Ended::exited, 255, ""};
      return true;
    }
    if (info.si_pid == 0) return false;
    ended = {info.si_code == CLD_EXITED ? Ended::exited : Ended::killed, info.si_status, ""};
    return true;
  }

 private:
  pid_t id_;
  bool lost_ = false;
};

// What the pipe has at the moment, but not forever. Only the start is kept.
void read_some(int fd, std::string& output) {
  char piece[4096];
  for (int i = 0; i < 16; ++i) {
    const ssize_t got = read(fd, piece, sizeof piece);
    if (got <= 0) return;
    if (output.size() < kMostOutput) output.append(piece, static_cast<std::size_t>(got));
  }
}

std::string first_line(const std::string& output) {
  const std::size_t start = std::min(output.find_first_not_of(" \t\r\n"), output.size());
  const std::size_t end = std::min(output.find_first_of("\r\n", start), output.size());
  return printable(output.substr(start, end - start));
}

}  // namespace

Ended run_process(const std::vector<std::string>& words, const std::vector<std::string>& environment, std::chrono::milliseconds limit) {
  Pipe pipe;
  if (pipe.error() != 0) return {Ended::not_started, pipe.error(), ""};
  pid_t id = 0;
  if (const int error = Start(pipe)(id, words, environment); error != 0) return {Ended::not_started, error, ""};
  Child child(id);
  pipe.close_end(1);
  const Clock::time_point end = Clock::now() + limit;
  std::string output;
  Ended ended{Ended::too_late, 0, ""};
  while (!child.has_ended(ended) && Clock::now() < end) {
    pollfd wait{pipe.end(0), POLLIN, 0};
    const bool closed = poll(&wait, 1, static_cast<int>(kStep.count())) > 0 && !(wait.revents & POLLIN);
    if (closed) std::this_thread::sleep_for(kStep);
    read_some(pipe.end(0), output);
  }
  read_some(pipe.end(0), output);
  ended.line = first_line(output);
  return ended;
}

}  // namespace shardlm::attest
