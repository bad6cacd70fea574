// Sealed files, from and to a file system in memory, by one and two threads: opening and forgetting them, opening them into memory that ranks
// share, sealing. Beside them what these cannot do without: Crypto++'s AES-256-GCM on pieces of 1 MiB that stay in the cache; writing as much
// into a new file in memory, for which Linux has to find and to clear pages; and SHA-256, which the manifest has of every dataset. Rates are
// by the clock on the wall.
#include <benchmark/benchmark.h>
#include <cryptopp/aes.h>
#include <cryptopp/gcm.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "../../src/io/checksum.hpp"
#include "../../src/io/memory_file.hpp"
#include "../../src/io/parallel.hpp"
#include "../../src/io/sealed_reader.hpp"
#include "shardlm/io/random_model.hpp"
#include "shardlm/io/sealed_file.hpp"

namespace shardlm::perf {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

const io::Unlock& unlock() {
  static const io::Unlock unlock = io::Unlock::with_key(seal::DataKey({1, 2, 3}));
  return unlock;
}

// A model of 0.3 GB, and the same sealed, in a folder that goes with the program.
class Files {
 public:
  Files() {
    std::string name = std::string(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/shardlm-perf-XXXXXX";
    if (!mkdtemp(&name[0])) throw Error("cannot make a folder for the benchmark");
    folder_ = name;
    setenv("XDG_CACHE_HOME", folder_.c_str(), 1);  // checksums are looked at once
    io::ModelConfig shape;
    shape.hidden = 1024;
    shape.layers = 1;
    shape.heads = 16;
    shape.kv_heads = 2;
    shape.intermediate = 1024;
    shape.vocabulary = 65536;
    io::convert_random({"benchmark", shape, 1}, model(), {});
    io::seal_file(model(), sealed(), unlock());
  }
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string model() const { return folder_ + "/model.h5"; }
  std::string sealed() const { return folder_ + "/sealed.h5"; }
  std::string out() const { return folder_ + "/out.h5"; }
  std::size_t bytes() const { return std::filesystem::file_size(model()); }

 private:
  std::string folder_;
};

const Files& files() {
  static const Files files;
  return files;
}

// run(n): something with so many bytes.
template <class F>
void measure(benchmark::State& state, const F& run) {
  const std::size_t n = files().bytes() / kPiece * kPiece;
  for (auto _ : state) run(n);
  state.counters["GB/s"] = benchmark::Counter(1e-9 * double(n) * double(state.iterations()), benchmark::Counter::kIsRate);
}

void raw(std::size_t n, unsigned threads) {
  io::in_parallel(n / kPiece, [](std::size_t, std::size_t count) {
    CryptoPP::GCM<CryptoPP::AES>::Encryption cipher;
    const CryptoPP::byte key[32] = {1}, nonce[12] = {};
    CryptoPP::byte tag[16];
    cipher.SetKeyWithIV(key, sizeof key, nonce, sizeof nonce);
    std::vector<CryptoPP::byte> piece(kPiece);
    for (std::size_t i = 0; i < count; ++i)
      cipher.EncryptAndAuthenticate(piece.data(), tag, sizeof tag, nonce, sizeof nonce, nullptr, 0, piece.data(), piece.size());
  }, threads);
}

void filled(std::size_t n, unsigned threads) {
  io::MemoryFile file(n);
  io::in_parallel(n / kPiece, [&](std::size_t first, std::size_t count) {
    const std::vector<char> piece(kPiece, 1);
    for (std::size_t i = first; i < first + count; ++i) file.write(i * kPiece, piece.data(), kPiece);
  }, threads);
}

void hashed(std::size_t n, unsigned) {
  io::Checksum sum;
  const std::vector<char> piece(kPiece);
  for (std::size_t i = 0; i < n / kPiece; ++i) sum.add(piece.data(), piece.size());
  benchmark::DoNotOptimize(sum.bytes());
}

void opened(std::size_t, unsigned threads) {
  io::SealedReader(files().sealed(), unlock()).read([](std::uint64_t, const std::uint8_t*, std::size_t) {}, {}, threads);
}

const bool registered = [] {
  const auto add = [](const std::string& title, unsigned threads, auto run) {
    benchmark::RegisterBenchmark(("sealed file/" + title + "/threads:" + std::to_string(threads)).c_str(),
                                 [=](benchmark::State& s) { measure(s, [&](std::size_t n) { run(n, threads); }); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  };
  for (const unsigned threads : {1u, 2u}) {
    add("Crypto++", threads, raw);
    add("memory written", threads, filled);
    add("open", threads, opened);
    add("open into memory", threads, [](std::size_t, unsigned t) { io::SealedImage(files().sealed(), unlock(), {}, {}, t); });
    add("seal", threads, [](std::size_t, unsigned t) { io::seal_file(files().model(), files().out(), unlock(), {}, {}, t); });
  }
  add("SHA-256", 1, hashed);
  return true;
}();

}  // namespace
}  // namespace shardlm::perf
