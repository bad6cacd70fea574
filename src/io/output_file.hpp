// A file that appears under its name when it is whole, or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shardlm/io/model_file.hpp"

namespace shardlm::io {

// Beside `path`, with a name that nobody else has.
std::string hidden_name(const std::string& path);
std::uint64_t free_on_disk(const std::string& file);
std::string size_text(std::uint64_t bytes);  // "1.20 GiB"

// What remove_partial_output is to remove beside an unfinished file: a folder with published files of these names. "": nothing.
void note_unfinished_folder(const std::string& folder, const std::vector<std::string>& names);
void remove_unfinished_folder() noexcept;

class OutputFile {
 public:
  // Makes a hidden file beside `path`, which the destructor removes unless it was published. Throws Error if that is
  // impossible or if `path` is something that a file cannot replace.
  // mode: who may read it, within the umask.
  explicit OutputFile(const std::string& path, FreeSpace free_space = {}, unsigned mode = 0666);
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
