#include "output_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "shardlm/core/error.hpp"

namespace shardlm::io {

OutputFolder::OutputFolder(const std::string& path, std::vector<std::string> names, FreeSpace free_space)
    : path_(path), names_(std::move(names)), free_space_(free_space ? std::move(free_space) : FreeSpace(free_on_disk)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  struct stat s {};
  if (path_.empty()) throw Error("give the folder to write the shares to");
  if (lstat(path_.c_str(), &s) == 0) throw Error("cannot write shares to " + path_ + ": it is there already; give another folder, or remove it");
  hidden_ = hidden_name(path_);
  if (mkdir(hidden_.c_str(), 0700) != 0) throw Error("cannot write shares to " + path_ + ": " + std::strerror(errno));
  note_unfinished_folder(hidden_, names_);
}

OutputFolder::~OutputFolder() {
  if (!hidden_.empty()) remove_unfinished_folder();
  note_unfinished_folder("", {});
}

void OutputFolder::require_room(std::uint64_t bytes) const {
  const std::uint64_t free = free_space_(hidden_);
  if (bytes > free)
    throw Error("cannot write shares to " + path_ + ": they take " + size_text(bytes) + ", and its disk has room for " + size_text(free));
}

void OutputFolder::publish() {
  if (rename(hidden_.c_str(), path_.c_str()) != 0) throw Error("cannot write shares to " + path_ + ": " + std::strerror(errno));
  hidden_.clear();
}

}  // namespace shardlm::io
