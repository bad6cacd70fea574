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

// What the threads that read one file share: chunks are taken one after the other, so that it is read from front to back.
struct SealedReader::Work {
  const InputFile input;
  const Use& use;
  Count count;
  std::atomic<std::uint64_t> next{0};
};

void SealedReader::take_chunks(Work& work) const {
  const std::uint64_t image = file_.manifest().datasets[0].offset, chunks = envelope_.chunks();
  const std::uint8_t* tags = file_.at("tags");
  ChunkCipher cipher(content_, envelope_);
  Piece piece(std::min<std::uint64_t>(kSealedChunk, envelope_.bytes));
  for (std::uint64_t i; (i = work.next++) < chunks;) {
    const std::size_t n = envelope_.bytes_of(i);
    const std::uint64_t at = i * kSealedChunk;
    work.input.read(image + at, piece.bytes.data(), n);
    work.input.forget(image + at, n);
    if (!cipher.open(i, piece.bytes.data(), n, tags + i * seal::kTag))
      throw Error("cannot open " + path_ + ": part " + std::to_string(i + 1) + " of " + std::to_string(chunks) +
                  " is not what was sealed there, so the file was changed or damaged; get it again");
    work.use(at, piece.bytes.data(), n);
    work.count.add(n);
  }
}

void SealedReader::read(const Use& use, const Progress& progress, unsigned threads) const {
  Work work{InputFile(path_), use, Count(envelope_.bytes, progress)};
  work.input.expect_all();
  const auto run = [&](std::size_t, std::size_t) {
    try {
      take_chunks(work);
    } catch (...) {
      work.next = envelope_.chunks();  // the others need not go on
      throw;
    }
  };
  in_parallel(std::min<std::uint64_t>(envelope_.chunks(), thread_count(threads)), run, threads);
  work.input.forget(file_.manifest().datasets[0].offset, envelope_.bytes);  // with what was read ahead after it was forgotten
}

}  // namespace shardlm::io
