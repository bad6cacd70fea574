#include "sealed_reader.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "parallel.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/wipe.hpp"

namespace shardlm::io {
namespace {

// A chunk's place in memory, which held clear text.
struct Piece {
  explicit Piece(std::size_t n) : bytes(n) {}
  ~Piece() { wipe(bytes.data(), bytes.size()); }
  seal::Bytes bytes;
};

// Counts what several threads have done.
class Count {
 public:
  Count(std::uint64_t all, const Progress& progress) : all_(all), progress_(progress) {}
  void add(std::uint64_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    done_ += bytes;
    if (progress_) progress_(done_, all_);
  }

 private:
  std::mutex mutex_;
  std::uint64_t done_ = 0, all_;
  const Progress& progress_;
};

}  // namespace

SealedReader::SealedReader(const std::string& path, const Unlock& unlock)
    : path_(path), file_(path, kSealedFileFormat), envelope_(envelope_of(file_.manifest().attributes, path)) {
  file_.require(datasets_of(envelope_));
  content_ = unwrap(envelope_, unlock, path);
}

// Threads take one chunk after the other, so that the file is read from front to back.
void SealedReader::read(const Use& use, const Progress& progress, unsigned threads) const {
  const InputFile input(path_);
  const std::uint64_t image = file_.manifest().datasets[0].offset, chunks = envelope_.chunks();
  const std::uint8_t* tags = file_.at("tags");
  std::atomic<std::uint64_t> next{0};
  Count count(envelope_.bytes, progress);
  input.expect_all();
  const auto work = [&](std::size_t, std::size_t) {
    ChunkCipher cipher(content_, envelope_);
    Piece piece(std::min<std::uint64_t>(kSealedChunk, envelope_.bytes));
    for (std::uint64_t i; (i = next++) < chunks;) {
      const std::size_t n = envelope_.bytes_of(i);
      const std::uint64_t at = i * kSealedChunk;
      input.read(image + at, piece.bytes.data(), n);
      input.forget(image + at, n);
      if (!cipher.open(i, piece.bytes.data(), n, tags + i * seal::kTag))
        throw Error("cannot open " + path_ + ": part " + std::to_string(i + 1) + " of " + std::to_string(chunks) +
                    " is not what was sealed there, so the file was changed or damaged; get it again");
      use(at, piece.bytes.data(), n);
      count.add(n);
    }
  };
  in_parallel(std::min<std::uint64_t>(chunks, thread_count(threads)), [&](std::size_t first, std::size_t some) {
    try {
      work(first, some);
    } catch (...) {
      next = chunks;  // the others need not go on
      throw;
    }
  }, threads);
  input.forget(image, envelope_.bytes);  // with what was read ahead twice
}

}  // namespace shardlm::io
