// A file that appears under its name when it is whole, or not at all.
#pragma once

#include <cstdint>
#include <string>

#include "shardlm/io/model_file.hpp"

namespace shardlm::io {

class OutputFile {
 public:
  // Makes a hidden file beside `path`, which the destructor removes unless it was published. Throws Error if that is
  // impossible or if `path` is something that a file cannot replace.
  explicit OutputFile(const std::string& path, FreeSpace free_space = {});
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& hidden_path() const { return hidden_; }  // under which other libraries can open it
  void reserve(std::uint64_t bytes);                          // Error now rather than half way if the disk has no such room
  void write(std::uint64_t offset, const void* data, std::size_t bytes);
  std::uint64_t size() const;
  void publish();  // gives it its name, replacing what had it

 private:
  std::string path_, hidden_;
  FreeSpace free_space_;
  int fd_ = -1;
};

}  // namespace shardlm::io
