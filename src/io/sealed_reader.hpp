// A sealed file that has been unlocked.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "dataset_file.hpp"
#include "envelope.hpp"

namespace shardlm::io {

class SealedReader {
 public:
  // Error for what is no sealed file and for what this does not open.
  SealedReader(const std::string& path, const Unlock& unlock);

  std::uint64_t bytes() const { return envelope_.bytes; }  // of the original
  // Gives the original in pieces, each found authentic, in no order and from several threads. The sealed file leaves the page cache on the way.
  // Error at the first piece that is not what was sealed.
  using Use = std::function<void(std::uint64_t offset, const std::uint8_t* data, std::size_t n)>;
  void read(const Use& use, const Progress& progress, unsigned threads) const;

 private:
  struct Work;
  void take_chunks(Work& work) const;

  std::string path_;
  DatasetFile file_;
  Envelope envelope_;
  seal::Key content_;
};

}  // namespace shardlm::io
