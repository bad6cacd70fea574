// A file that comes in parts from another rank, and goes on where an earlier try ended.
//
// It lies in ${XDG_CACHE_HOME:-~/.cache}/shardlm/tables under its digest: <digest>.h5 once it is whole, <digest>.part until then. That
// folder must be on a disk of this host: which rows of a sealed table are read from a file server would tell that host the tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "shardlm/io/model_file.hpp"

namespace shardlm::io {

class ReceivedFile {
 public:
  // digest: 64 hex digits. Throws Error where it is none, where there is no cache folder or it has no room for the rest of
  // `bytes` or is on a network's file system, and where another process is receiving the same file.
  ReceivedFile(const std::string& digest, std::uint64_t bytes);
  ReceivedFile(const ReceivedFile&) = delete;
  ReceivedFile& operator=(const ReceivedFile&) = delete;

  const std::string& path() const { return path_; }  // of the whole file
  std::uint64_t has() const { return has_; }         // its first bytes that are here, from an earlier try too; all of them once it is whole
  void append(const void* data, std::size_t bytes);  // Error where it would become longer than it is
  // After the last byte. check(path of what came) says in a sentence why it is not the file, which is then removed; "" for the file,
  // which gets its name. What `check` throws is no judgement: what came stays, and is looked at again the next time.
  void publish(const std::function<std::string(const std::string& path)>& check);

 private:
  // Closed with its owner, also where a constructor throws.
  class Descriptor {
   public:
    Descriptor() = default;
    ~Descriptor() { reset(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void reset(int fd = -1);
    int get() const { return fd_; }

   private:
    int fd_ = -1;
  };
  bool is_whole() const;
  bool lock_part();
  void measure_part();
  [[noreturn]] void fail(const std::string& why) const;
  std::string path_, part_;
  std::uint64_t bytes_, has_ = 0;
  Descriptor fd_;  // of the part, while there is one
};

// Why the file at `path` is not the one of this kind and digest, or "". Throws Error where it cannot be read at all.
std::string why_not(const std::string& path, ModelPart part, const std::string& digest);

}  // namespace shardlm::io
