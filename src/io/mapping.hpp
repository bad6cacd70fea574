// Files as memory: mapped read-only, so that processes on one machine share the pages; and files that are read in parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace shardlm::io {

// What tells one state of a file from another without reading it.
struct FileState {
  std::uint64_t size = 0, inode = 0, device = 0;
  std::int64_t modified = 0, changed = 0;  // nanoseconds
};
bool operator==(const FileState& a, const FileState& b);
FileState file_state(const std::string& path);

// An open regular file. Several threads may read it.
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int descriptor() const { return fd_; }
  const FileState& state() const { return state_; }
  void read(std::uint64_t offset, void* data, std::size_t bytes) const;  // Error where there are not so many
  // Read from front to back: Linux may read ahead further.
  void expect_all() const;
  // These bytes are not needed again: their pages may leave the page cache, but for the last one where they end within it.
  void forget(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  std::string path_;
  int fd_;
  FileState state_;
};

class Mapping {
 public:
  explicit Mapping(const std::string& path);
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return state_.size; }
  const FileState& state() const { return state_; }
  // Whether it is memory that no process can change any more (memory_file.hpp).
  bool fixed() const { return fixed_; }
  // Reads all of it and enters every page into this process's tables, so that what is touched later takes the same time wherever it
  // lies, as long as memory is not short. Throws Error where the file cannot be read.
  void make_resident() const;
  // Asks for huge pages, which not every file system has.
  void prefer_huge_pages() const;
  // These bytes are not needed soon: their pages leave this process, not the page cache.
  void release(const std::uint8_t* from, std::size_t bytes) const;

 private:
  const std::uint8_t* data_ = nullptr;
  FileState state_;
  bool fixed_ = false;
};

// A whole small file; Error if it is longer than `limit` bytes.
std::string read_text(const std::string& path, std::size_t limit);

}  // namespace shardlm::io
