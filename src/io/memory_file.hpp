// A file in memory, which other processes of its user can open under a path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace shardlm::io {

class MemoryFile {
 public:
  explicit MemoryFile(std::uint64_t bytes);  // of so many bytes, which take memory as they are written
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::uint64_t size() const { return bytes_; }
  // Several threads may write at once, each somewhere else.
  void write(std::uint64_t offset, const void* data, std::size_t bytes);
  // From now on nobody can change it, whoever opens it, with whatever rights: Mapping::fixed().
  void fix();
  // "/proc/<process>/fd/<descriptor>", as long as this object is there, for processes that see this one.
  const std::string& path() const { return path_; }

 private:
  std::uint64_t bytes_;
  int fd_ = -1;
  std::string path_;
};

}  // namespace shardlm::io
