#include "passphrase.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

constexpr char kInterrupt = 3;  // Ctrl-C, as a terminal that makes no signals passes it on

// A terminal that shows nothing of what is typed, until the end of this. Ctrl-C ends the line, so that it can be put right before the
// program ends.
class Hidden {
 public:
  Hidden() {
    tcgetattr(STDIN_FILENO, &before_);
    termios hidden = before_;
    hidden.c_lflag &= ~tcflag_t(ECHO | ISIG);
    hidden.c_lflag |= ICANON | ECHONL;
    hidden.c_cc[VEOL] = kInterrupt;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~Hidden() { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  termios before_{};
};

// Up to the end, or on a terminal of the line.
void read_all(int fd, bool line, const std::string& name, seal::Bytes& out) {
  out.resize(Passphrase::kMost + 1);
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t n = read(fd, out.data() + size, out.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("cannot read the passphrase from " + name + ": " + std::strerror(errno));
    if (n == 0) break;
    size += std::size_t(n);
    if (line && (out[size - 1] == '\n' || out[size - 1] == kInterrupt)) break;
  }
  if (size == out.size()) throw Error("the passphrase in " + name + " is longer than " + std::to_string(Passphrase::kMost) + " bytes");
  out.resize(size);
}

void take_line(const std::string& name, seal::Bytes& out) {
  if (!out.empty() && out.back() == '\n') out.pop_back();
  if (!out.empty() && out.back() == '\r') out.pop_back();
  if (std::memchr(out.data(), '\n', out.size()) != nullptr) throw Error("the passphrase in " + name + " has more than one line");
  if (out.empty()) throw Error("there is no passphrase in " + name);
}

void ask(const char* prompt, Passphrase& passphrase) {
  {
    const Hidden hidden;
    std::fputs(prompt, stderr);
    read_all(STDIN_FILENO, true, "standard input", passphrase.bytes);
  }
  if (!passphrase.bytes.empty() && passphrase.bytes.back() == kInterrupt) {
    wipe(passphrase.bytes.data(), passphrase.bytes.size());
    std::raise(SIGINT);
    throw Error("there is no passphrase in standard input");
  }
  take_line("standard input", passphrase.bytes);
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat s {};
    if (fd_ < 0 || fstat(fd_, &s) != 0) throw Error("cannot read the passphrase from " + path + ": " + std::strerror(errno));
    const bool others = S_ISREG(s.st_mode) && (s.st_mode & 077) != 0;
    if (others) close(fd_);
    if (others) throw Error("cannot use the passphrase in " + path + ": others than its owner may read it; make it private with chmod 600");
  }
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

void read_passphrase(const std::string& path, bool twice, Passphrase& passphrase) {
  if (path != "-") {
    read_all(Descriptor(path).get(), false, path, passphrase.bytes);
    return take_line(path, passphrase.bytes);
  }
  if (isatty(STDIN_FILENO) == 0) {
    read_all(STDIN_FILENO, false, "standard input", passphrase.bytes);
    return take_line("standard input", passphrase.bytes);
  }
  ask("passphrase: ", passphrase);
  if (!twice) return;
  Passphrase again;
  ask("the same again: ", again);
  if (again.bytes.size() != passphrase.bytes.size() || !seal::equal(again.bytes, passphrase.bytes))
    throw Error("the two passphrases are not the same");
}

}  // namespace shardlm::app
