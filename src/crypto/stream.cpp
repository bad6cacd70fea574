#include "shardlm/crypto/stream.hpp"

#include "chacha.hpp"
#include "dpf_rows_tree.hpp"
#include "launch.hpp"
#include "tree.hpp"

#include "shardlm/core/error.hpp"

#include <cryptopp/osrng.h>

namespace shardlm::crypto {
namespace {

static_assert(kNodeBlock == kNodeUse && kLeafBlock == kLeafUse && kStreamBlock == kStreamUse && kWeightBlock == kWeightUse, "uses of a block");
static_assert(kRowNodeBlock == kRowNodeUse && kRowLeafBlock == kRowLeafUse, "uses of a block");
static_assert(kTileLanes == kTile, "keys of a tile");

template <class T>
T from_system() {
  T value;
  random_bytes(value.data(), sizeof(value));
  return value;
}

StreamJob job_for(const Key& key, std::uint64_t draw, StreamJob::Form form, std::size_t n) {
  StreamJob job{};
  for (int i = 0; i < 8; ++i) job.key[i] = key[i];
  job.draw = draw;
  job.form = form;
  job.n = n;
  return job;
}

// A draw's blocks are numbered in 32 bits.
void launch_draw(const StreamJob& job, std::size_t per_block) {
  const std::size_t blocks = (job.n + per_block - 1) / per_block;
  if (blocks >> 32) throw Error("a draw of " + std::to_string(job.n) + " values from a stream is too long; draw it in parts");
  launch("shardlm::crypto::stream", job, tiles_of(blocks));
}

}  // namespace

void random_bytes(void* out, std::size_t size) {
  try {
    CryptoPP::OS_GenerateRandomBlock(false, static_cast<CryptoPP::byte*>(out), size);
  } catch (const CryptoPP::Exception& error) {
    throw Error(std::string("the operating system gives no random bytes: ") + error.what());
  }
}

Key random_key() { return from_system<Key>(); }
Salt random_salt() { return from_system<Salt>(); }

std::array<std::uint32_t, 16> chacha_block(const Key& key, std::uint32_t counter, const std::array<std::uint32_t, 3>& nonce, int rounds) {
  const std::uint32_t tail[4] = {counter, nonce[0], nonce[1], nonce[2]};
  std::array<std::uint32_t, 16> out;
  chacha_block<ScalarLanes>(key.data(), tail, rounds, out.data());
  return out;
}

Array<Word> Stream::words(std::size_t n, int k) {
  if (k < 1 || k > 64) throw Error("a stream cannot give elements of " + std::to_string(k) + " bits; 1 to 64 are possible");
  Array<Word> out = uninitialized<Word>("stream words", n);
  StreamJob job = job_for(key_, draw_, StreamJob::words, n);
  job.keep = ~Word{0} >> (64 - k);
  job.out = out.data();
  launch_draw(job, 8);
  ++draw_;
  return out;
}

Array<Word> Stream::bits(std::size_t n) {
  Array<Word> out = uninitialized<Word>("stream bits", n);
  StreamJob job = job_for(key_, draw_, StreamJob::bits, n);
  job.out = out.data();
  launch_draw(job, 512);
  ++draw_;
  return out;
}

Array<std::uint32_t> Stream::roots(std::size_t n) {
  Array<std::uint32_t> out = uninitialized<std::uint32_t>("stream roots", tiles_of(n) * 4 * kTile);
  StreamJob job = job_for(key_, draw_, StreamJob::raw, out.size());
  job.out32 = out.data();
  launch_draw(job, 16);
  ++draw_;
  return out;
}

}  // namespace shardlm::crypto
