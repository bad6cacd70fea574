#include "progress.hpp"

#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "memory.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::app {
namespace {

extern "C" void remove_and_end(int signal) {
  io::remove_partial_output();
  _exit(128 + signal);
}

void bar(unsigned percent) {
  constexpr unsigned kWidth = 30;
  const unsigned full = percent * kWidth / 100;
  std::fprintf(stderr, "\r\033[K[%s%s] ", std::string(full, '#').c_str(), std::string(kWidth - full, ' ').c_str());
}

}  // namespace

void remove_on_signals() {
  struct sigaction action {};
  action.sa_handler = remove_and_end;
  sigfillset(&action.sa_mask);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // as nohup leaves it
  }
  for (int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);  // the write fails instead, and says why
}

// On a terminal one line that is rewritten; elsewhere a line every ten per cent.
void Progress::operator()(std::uint64_t done, std::uint64_t all) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const double seconds = clock_.seconds();
  const unsigned percent = all == 0 ? 100 : unsigned(100.0 * double(done) / double(all));
  const bool due = terminal ? seconds - shown_at_ > 0.1 || done == all : percent >= shown_percent_ + 10;
  if (!due || ended_) return;
  shown_at_ = seconds;
  shown_percent_ = percent - percent % 10;
  ended_ = done == all;
  if (terminal) bar(percent);
  std::fprintf(stderr, "%3u %%  %s of %s", percent, readable(done).c_str(), readable(all).c_str());
  if (seconds > 0.5 && done > 0) {
    const double rate = double(done) / seconds;
    std::fprintf(stderr, ", %s/s, %.0f s left", readable(std::uint64_t(rate)).c_str(), double(all - done) / rate);
  }
  std::fputs(!terminal || ended_ ? "\n" : "", stderr);
  std::fflush(stderr);
}

}  // namespace shardlm::app
