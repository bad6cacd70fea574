// The seal room: messages sealed and opened by one and two threads beside Crypto++'s AES-256-GCM on one, and a whole handshake. Rates are
// by the clock on the wall.
#include <benchmark/benchmark.h>
#include <cryptopp/aes.h>
#include <cryptopp/gcm.h>

#include <string>
#include <vector>

#include "shardlm/seal/channel.hpp"
#include "shardlm/seal/handshake.hpp"

namespace shardlm::perf {
namespace {

using namespace seal;

const Key kKey(std::array<std::uint8_t, 32>{1, 2, 3});

void rate(benchmark::State& state, std::size_t n) {
  state.counters["GB/s"] =
      benchmark::Counter(1e-9 * static_cast<double>(n) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// The whole message at once, under one nonce again and again: the library's best.
void raw(benchmark::State& state, std::size_t n) {
  const Nonce nonce{};
  CryptoPP::GCM<CryptoPP::AES>::Encryption cipher;
  cipher.SetKeyWithIV(kKey.data(), kKey.size(), nonce.data(), nonce.size());
  Bytes data(n), tag(kTag), header(kHeader);
  for (auto _ : state) {
    cipher.EncryptAndAuthenticate(data.data(), tag.data(), kTag, nonce.data(), static_cast<int>(nonce.size()), header.data(), header.size(),
                                  data.data(), n);
    benchmark::ClobberMemory();
  }
  rate(state, n);
}

void sealing(benchmark::State& state, std::size_t n, unsigned threads) {
  ChannelOptions options;
  options.threads = threads;
  Sealer sealer(kKey, 1, options);
  Bytes data(n), tags(tags_size(n)), header(kHeader);
  for (auto _ : state) {
    sealer.seal(header, data.data(), n, tags.data());
    benchmark::ClobberMemory();
  }
  rate(state, n);
}

// What is opened must have been sealed, which is not timed.
void opening(benchmark::State& state, std::size_t n, unsigned threads) {
  ChannelOptions options;
  options.threads = threads;
  Sealer sealer(kKey, 1, options);
  Opener opener(kKey, 1, options);
  Bytes data(n), tags(tags_size(n)), header(kHeader);
  for (auto _ : state) {
    state.PauseTiming();
    sealer.seal(header, data.data(), n, tags.data());
    state.ResumeTiming();
    opener.open(header, data.data(), n, tags.data());
    benchmark::ClobberMemory();
  }
  rate(state, n);
}

// Both sides, with evidence of the size of a report with its certificates.
void handshake(benchmark::State& state) {
  const Identity left = Identity::generate(), right = Identity::generate();
  const Bytes evidence(8000, 1);
  for (auto _ : state) {
    Handshake a(left, 1, 2, right.public_key(), "job"), b(right, 2, 1, left.public_key(), "job");
    a.take_hello(b.hello());
    b.take_hello(a.hello());
    benchmark::DoNotOptimize(a.take_authentication(b.authenticate(evidence)));
    benchmark::DoNotOptimize(b.take_authentication(a.authenticate(evidence)));
    benchmark::DoNotOptimize(a.keys().send.bytes[0] + b.keys().send.bytes[0]);
  }
}

const bool registered = [] {
  const auto add = [](const std::string& title, auto run) {
    benchmark::RegisterBenchmark(("seal/" + title).c_str(), run)->UseRealTime()->Unit(benchmark::kMicrosecond);
  };
  for (const std::size_t mib : {1, 64}) {
    const std::size_t n = mib << 20;
    const std::string size = std::to_string(mib) + " MiB";
    add("Crypto++/" + size, [=](benchmark::State& s) { raw(s, n); });
    for (const unsigned threads : {1u, 2u}) {
      const std::string suffix = "/" + size + "/threads:" + std::to_string(threads);
      add("seal" + suffix, [=](benchmark::State& s) { sealing(s, n, threads); });
      add("open" + suffix, [=](benchmark::State& s) { opening(s, n, threads); });
    }
  }
  for (const std::size_t n : {64, 4096}) add("seal/" + std::to_string(n) + " bytes", [=](benchmark::State& s) { sealing(s, n, 1); });
  add("handshake, both sides", handshake);
  return true;
}();

}  // namespace
}  // namespace shardlm::perf
