#include <fstream>

#include "memory_file.hpp"
#include "output_file.hpp"
#include "sealed_reader.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

// Found out before anything is read.
std::uint64_t bytes_with_room(const SealedReader& reader, const std::string& path, const AvailableMemory& available) {
  const std::uint64_t has = available ? available() : available_memory();
  if (reader.bytes() > has)
    throw Error("cannot open " + path + ": it takes " + size_text(reader.bytes()) + " of memory, and this machine has " + size_text(has) +
                " to give");
  return reader.bytes();
}

}  // namespace

std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string key, rest;
  for (std::uint64_t kilobytes; file >> key >> kilobytes; std::getline(file, rest))
    if (key == "MemAvailable:") return kilobytes * 1024;
  return ~std::uint64_t{0};
}

struct SealedImage::Impl {
  Impl(const SealedReader& reader, const std::string& path, const Progress& progress, const AvailableMemory& available, unsigned threads)
      : file(bytes_with_room(reader, path, available)) {
    reader.read([this](std::uint64_t offset, const std::uint8_t* data, std::size_t n) { file.write(offset, data, n); }, progress, threads);
    file.fix();
  }
  MemoryFile file;
};

SealedImage::SealedImage(const std::string& path, const Unlock& unlock, const Progress& progress, const AvailableMemory& available,
                         unsigned threads)
    : impl_(new Impl(SealedReader(path, unlock), path, progress, available, threads)) {}
SealedImage::~SealedImage() = default;
SealedImage::SealedImage(SealedImage&&) noexcept = default;

const std::string& SealedImage::path() const { return impl_->file.path(); }
std::uint64_t SealedImage::size() const { return impl_->file.size(); }

}  // namespace shardlm::io
