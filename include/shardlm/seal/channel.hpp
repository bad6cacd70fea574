// The record layer: messages of one lane, in one direction, sealed and opened where they lie.
//
// A message is a header of 32 bytes, which travels in the clear and is authenticated, and a payload, which is cut into chunks of 256 KiB.
// Each chunk is sealed by AES-256-GCM with
//   nonce            lane (32 bits), number of the chunk in its lane and direction since the start (64 bits), low byte first
//   associated data  header, index of the chunk in its message (32 bits), 1 for the last chunk and else 0 (32 bits)
// and the tags of all chunks follow behind the payload. An empty message is one empty chunk. So several threads can work on a message, and
// what was changed, cut, reordered, repeated or moved to another message, lane or direction is refused: STREAM (Hoang, Reyhanitabar,
// Rogaway and Vizar, CRYPTO 2015), with all messages of a lane as one sequence. Sizes and times stay visible.
//
// Bounds. Under a key no nonce comes twice: lanes differ, and a lane counts (the deterministic construction of NIST SP 800-38D, section
// 8.2.1, for which section 8.3 sets no limit on the number of messages; a chunk is far below its 2^36 - 32 bytes). What limits a key is
// the number s of its 16-byte blocks: an attacker's advantage is below s^2 / 2^129 (Iwata, Ohashi and Minematsu, CRYPTO 2012). So a lane
// replaces its key by HKDF-Expand of it after 2^20 chunks, 256 GiB at most: eight lanes seal 2^37 blocks with one key, which is 2^-55.
// After 2^40 chunks a lane is at its end and throws. A forgery of a chunk succeeds with 2^-113, and the first that fails ends the lane.
#pragma once

#include <functional>

#include "shardlm/seal/aead.hpp"

namespace shardlm::seal {

constexpr std::size_t kChunk = std::size_t{256} << 10;
constexpr std::size_t kHeader = 32;

constexpr std::size_t chunks_of(std::size_t n) { return n == 0 ? 1 : (n - 1) / kChunk + 1; }
constexpr std::size_t tags_size(std::size_t n) { return kTag * chunks_of(n); }
constexpr std::size_t sealed_size(std::size_t n) { return n + tags_size(n); }
// The n of which sealed_size(n) is `sealed`; Error where there is none.
std::size_t payload_size(std::size_t sealed);

// Calls work(0) to work(workers - 1), at once where it can, and returns when all are done.
using Parallel = std::function<void(unsigned workers, const std::function<void(unsigned worker)>& work)>;

struct ChannelOptions {
  unsigned threads = 1;  // that work on a message of kParallelFrom bytes or more
  Parallel parallel;     // by whom they are lent; empty: std::thread
  std::uint64_t chunks_of_a_key = std::uint64_t{1} << 20, chunks = std::uint64_t{1} << 40;  // less: for tests, the same at both ends
};
constexpr std::size_t kParallelFrom = std::size_t{1} << 20;

class Records;

// The sending end of a lane. Lanes of one key must have different numbers. One thread at a time.
class Sealer {
 public:
  Sealer(const Key& key, std::uint32_t lane, ChannelOptions options = {});
  ~Sealer();
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;

  // The next message: encrypts data[0 .. n) where it lies and writes tags_size(n) bytes of tags. A message of less than kParallelFrom bytes
  // is sealed by this thread and allocates nothing.
  void seal(View header, std::uint8_t* data, std::size_t n, std::uint8_t* tags);

  // The same in steps, so that the first parts travel while the rest is being sealed: begin(), and then advance() until it returns n. Each
  // step seals at least `bytes` more, if there are so many, and returns how many from the start are sealed.
  void begin(View header, std::uint8_t* data, std::size_t n, std::uint8_t* tags);
  std::size_t advance(std::size_t bytes);

 private:
  std::unique_ptr<Records> records_;
};

// The receiving end. One thread at a time.
class Opener {
 public:
  Opener(const Key& key, std::uint32_t lane, ChannelOptions options = {});
  ~Opener();
  Opener(Opener&&) noexcept;
  Opener& operator=(Opener&&) noexcept;

  // The next message: decrypts data[0 .. n) where it lies. Throws Error, and leaves zeros in data, unless header, payload and tags are
  // those of the next message that was sealed; the lane is then of no more use. Nothing of data may be used before this returns.
  void open(View header, std::uint8_t* data, std::size_t n, const std::uint8_t* tags);

 private:
  std::unique_ptr<Records> records_;
};

}  // namespace shardlm::seal
