// A file that comes in parts from another rank, and goes on where an earlier try ended.
//
// It lies in ${XDG_CACHE_HOME:-~/.cache}/shardlm/tables under its digest: <digest>.h5 once it is whole, <digest>.part until then.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace shardlm::io {

class ReceivedFile {
 public:
  // digest: 64 hex digits. Throws Error where it is none, where there is no cache folder or it has no room for the rest of
  // `bytes`, and where another process is receiving the same file.
  ReceivedFile(const std::string& digest, std::uint64_t bytes);
  ~ReceivedFile();
  ReceivedFile(const ReceivedFile&) = delete;
  ReceivedFile& operator=(const ReceivedFile&) = delete;

  const std::string& path() const { return path_; }  // of the whole file
  std::uint64_t has() const { return has_; }         // its first bytes that are here, from an earlier try too; all of them once it is whole
  void append(const void* data, std::size_t bytes);  // Error where it would become longer than it is
  // After the last byte: `check` is called with the path of what came, and throws where that is not the file; then it is removed. Otherwise
  // it gets its name.
  void publish(const std::function<void(const std::string& path)>& check);

 private:
  void open_part();
  [[noreturn]] void fail(const std::string& why) const;
  std::string path_, part_;
  std::uint64_t bytes_, has_ = 0;
  int fd_ = -1;
};

}  // namespace shardlm::io
