#include "convert.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "clock.hpp"
#include "memory.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/io/random_model.hpp"

namespace shardlm::app {
namespace {

extern "C" void remove_and_end(int signal) {
  io::remove_partial_output();
  _exit(128 + signal);
}

void remove_on_signals() {
  struct sigaction action {};
  action.sa_handler = remove_and_end;
  sigfillset(&action.sa_mask);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

// On a terminal one line that is rewritten; elsewhere a line every ten per cent.
class Progress {
 public:
  void operator()(std::uint64_t done, std::uint64_t all) {
    const double seconds = clock_.seconds();
    const unsigned percent = all == 0 ? 100 : unsigned(100.0 * double(done) / double(all));
    const bool due = terminal_ ? seconds - shown_at_ > 0.1 || done == all : percent >= shown_percent_ + 10;
    if (!due || ended_) return;
    shown_at_ = seconds;
    shown_percent_ = percent - percent % 10;
    ended_ = done == all;
    if (terminal_) bar(percent);
    std::fprintf(stderr, "%3u %%  %s of %s", percent, readable(done).c_str(), readable(all).c_str());
    if (seconds > 0.5 && done > 0) {
      const double rate = double(done) / seconds;
      std::fprintf(stderr, ", %s/s, %.0f s left", readable(std::uint64_t(rate)).c_str(), double(all - done) / rate);
    }
    std::fputs(!terminal_ || ended_ ? "\n" : "", stderr);
    std::fflush(stderr);
  }

 private:
  static void bar(unsigned percent) {
    constexpr unsigned kWidth = 30;
    const unsigned full = percent * kWidth / 100;
    std::fprintf(stderr, "\r\033[K[%s%s] ", std::string(full, '#').c_str(), std::string(kWidth - full, ' ').c_str());
  }

  Clock clock_;
  bool terminal_ = isatty(STDERR_FILENO) != 0, ended_ = false;
  double shown_at_ = -1;
  unsigned shown_percent_ = 0;
};

io::RandomModel random_model(const ConvertOptions& options) {
  io::RandomModel model = io::random_model(options.random, options.seed.value_or(io::kRandomModelSeed));
  model.config.silu_bits = options.silu_bits;
  return model;
}

}  // namespace

int convert(const ConvertOptions& options) {
  remove_on_signals();
  const Clock clock;
  Progress progress;
  const io::Progress show = [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); };
  if (options.random.empty())
    io::convert(options.folder, options.out, show, {}, options.silu_bits);
  else
    io::convert_random(random_model(options), options.out, show);
  std::fprintf(stderr, "%s written in %.1f s\n", options.out.c_str(), clock.seconds());
  return 0;
}

}  // namespace shardlm::app
