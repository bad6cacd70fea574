// fuzz_<target> [-seconds=S] [-seed=N] [files and folders]: a driver for any compiler where clang's libFuzzer (tests/fuzz/CMakeLists.txt)
// is not at hand. Runs the target on every file, in the order of their names, and then for S seconds on changed copies of them, made with
// splitmix64 from seed N (default 1). An input on which the target dies, or that takes more than ten seconds, is left in the working
// folder.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "target.hpp"

extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

// Memory that a lying length asks for is a finding too.
extern "C" const char* __asan_default_options() { return "max_allocation_size_mb=2048:hard_rss_limit_mb=2048"; }

namespace {

using Bytes = std::vector<std::uint8_t>;

const Bytes* current = nullptr;

// Calls only what a signal handler may call.
void keep_input() {
  if (!current) return;
  const int fd = open("fuzz-finding", O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (fd < 0 || write(fd, current->data(), current->size()) < 0) return;
  const char sentence[] = "the input is in the file fuzz-finding of the working folder\n";
  static_cast<void>(!write(2, sentence, sizeof sentence - 1));
}

void on_signal(int number) {
  keep_input();
  signal(number, SIG_DFL);
  raise(number);
}

void prepare() {
  static char stack[1 << 16];  // a stack overflow leaves no other
  stack_t other{};
  other.ss_sp = stack;
  other.ss_size = sizeof stack;
  sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  for (const int number : {SIGABRT, SIGALRM, SIGXCPU}) sigaction(number, &action, nullptr);
  if (__sanitizer_set_death_callback) {
    __sanitizer_set_death_callback(keep_input);
    return;
  }
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigaction(number, &action, nullptr);
  const rlimit limit{rlim_t{4} << 30, rlim_t{4} << 30};
  setrlimit(RLIMIT_AS, &limit);
}

void run(const Bytes& input) {
  current = &input;
  alarm(10);
  LLVMFuzzerTestOneInput(input.data(), input.size());
  alarm(0);
  current = nullptr;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return n == 0 ? 0 : next() % n; }

 private:
  std::uint64_t state_;
};

// One change, of the kinds that break parsers: a bit, a byte, a length at its limits, a number in words, a piece lost, doubled or
// taken from another file.
void change(Bytes& b, const Bytes& other, Random& r) {
  static const char* const kWords[] = {
      "18446744073709551615", "9223372036854775808", "4294967296", "-1", "1e999", "0", "null", "[", "{\"", "\"", "\\u0000", "\\"};
  const std::size_t at = r.below(b.size()), n = std::min<std::size_t>(b.size() - at, 1 + r.below(r.below(4) == 0 ? 400 : 12));
  const auto place = b.begin() + static_cast<std::ptrdiff_t>(at);
  switch (b.empty() ? 6 : r.below(9)) {
    case 0:
      b[at] ^= static_cast<std::uint8_t>(1u << r.below(8));
      break;
    case 1:
      b[at] = static_cast<std::uint8_t>(r.next());
      break;
    case 2: {
      static const std::uint64_t kLimits[] = {0,      1,          0x7f,       0x80,       0xff,      0x7fff,
                                              0xffff, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX};
      const std::uint64_t value = kLimits[r.below(12)];
      std::memcpy(&b[at], &value, std::min<std::size_t>(b.size() - at, std::size_t{1} << r.below(4)));
      break;
    }
    case 3:
      b.erase(place, place + static_cast<std::ptrdiff_t>(n));
      break;
    case 4:
      if (r.below(8) == 0) b.resize(at);
      break;
    case 5: {
      const Bytes piece(place, place + static_cast<std::ptrdiff_t>(n));
      const std::size_t to = r.below(b.size());
      b.insert(b.begin() + static_cast<std::ptrdiff_t>(to), piece.begin(), piece.end());
      break;
    }
    case 6: {
      const std::size_t from = r.below(other.size()), some = std::min<std::size_t>(other.size() - from, 1 + r.below(60));
      b.insert(b.begin() + static_cast<std::ptrdiff_t>(at), other.begin() + static_cast<std::ptrdiff_t>(from),
               other.begin() + static_cast<std::ptrdiff_t>(from + some));
      break;
    }
    case 7: {
      const std::string word = kWords[r.below(sizeof kWords / sizeof *kWords)];
      b.insert(place, word.begin(), word.end());
      break;
    }
    default:
      std::swap(b[at], b[r.below(b.size())]);
  }
  b.resize(std::min<std::size_t>(b.size(), std::size_t{1} << 20));
}

Bytes bytes_of(const std::string& path) {
  const std::string text = shardlm::fuzz::file_text(path);
  return {text.begin(), text.end()};
}

std::vector<Bytes> corpus(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<Bytes> list;
  for (const std::string& file : files) list.push_back(bytes_of(file));
  return list;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 0;
  std::uint64_t seed = 1, done = 0;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("-seconds=", 0) == 0) {
      seconds = std::stod(argument.substr(9));
    } else if (argument.rfind("-seed=", 0) == 0) {
      seed = std::stoull(argument.substr(6));
    } else {
      paths.push_back(argument);
    }
  }
  prepare();
  const std::vector<Bytes> files = corpus(paths);
  if (files.empty()) {
    std::fprintf(stderr, "there is no file to start from\n");
    return 2;
  }
  for (const Bytes& file : files) run(file);
  Random random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (; std::chrono::steady_clock::now() < end; ++done) {
    Bytes input = files[random.below(files.size())];
    for (std::size_t k = 1 + random.below(6); k > 0; --k) change(input, files[random.below(files.size())], random);
    run(input);
  }
  std::printf("%zu files and %llu changed ones: nothing found\n", files.size(), static_cast<unsigned long long>(done));
  return 0;
}
