// Remembers which files were found whole, so that only the first start reads every byte.
#pragma once

#include <string>

#include "mapping.hpp"

namespace shardlm::io {

// ${XDG_CACHE_HOME:-~/.cache}/shardlm, or "" where neither is set.
std::string cache_folder();
// A folder in it, with a slash at the end, which is made where it is missing. Throws Error.
std::string folder_in_cache(const std::string& name);

// Holds off other processes of this user that want to verify a file at the same time (four ranks do), where the cache folder
// can be written. A cache that cannot be read or written costs the check and nothing else.
class VerifiedFiles {
 public:
  VerifiedFiles();
  ~VerifiedFiles();
  VerifiedFiles(const VerifiedFiles&) = delete;
  VerifiedFiles& operator=(const VerifiedFiles&) = delete;

  bool contains(const std::string& path, const FileState& state, const std::string& digest) const;
  void add(const std::string& path, const FileState& state, const std::string& digest) const;

 private:
  std::string folder_;  // empty: no cache
  int lock_ = -1;
};

}  // namespace shardlm::io
