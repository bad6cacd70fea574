#include "output_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "shardlm/core/error.hpp"

namespace shardlm::io {

OutputFolder::OutputFolder(const std::string& path, std::vector<std::string> names, FreeSpace free_space, std::string what, bool replaces)
    : path_(path),
      what_(std::move(what)),
      names_(std::move(names)),
      replaces_(replaces),
      free_space_(free_space ? std::move(free_space) : FreeSpace(free_on_disk)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  struct stat s {};
  if (path_.empty()) throw Error("give the folder to write " + what_ + " to");
  if (replaces_) require_replaceable();
  if (!replaces_ && lstat(path_.c_str(), &s) == 0) fail("it is there already; give another folder, or remove it");
  hidden_ = hidden_name(path_);
  if (mkdir(hidden_.c_str(), 0700) != 0) fail(std::strerror(errno));
  note_unfinished_folder(hidden_, names_);
}

OutputFolder::~OutputFolder() {
  if (!hidden_.empty()) remove_unfinished_folder();
  note_unfinished_folder("", {});
}

void OutputFolder::fail(const std::string& why) const { throw Error("cannot write " + what_ + " to " + path_ + ": " + why); }

// Nothing of anybody else's is removed with it.
void OutputFolder::require_replaceable() const {
  std::error_code error;
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) found.push_back(entry.path().filename().string());
  if (error) fail(error.message());
  std::vector<std::string> wanted = names_;
  std::sort(found.begin(), found.end());
  std::sort(wanted.begin(), wanted.end());
  if (found != wanted) fail("it holds something else than " + wanted.front() + " and " + wanted.back());
}

void OutputFolder::require_room(std::uint64_t bytes) const {
  const std::uint64_t free = free_space_(hidden_);
  if (bytes > free) fail("they take " + size_text(bytes) + ", and its disk has room for " + size_text(free));
}

void OutputFolder::publish() {
  if (replaces_) return exchange();
  if (rename(hidden_.c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
  hidden_.clear();
}

// The hidden folder is the old one then, which goes as an unpublished one does. Not every file system can exchange two at once.
void OutputFolder::exchange() {
  if (renameat2(AT_FDCWD, hidden_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0) return;
  const std::string old = hidden_name(path_);
  if (rename(path_.c_str(), old.c_str()) != 0) fail(std::strerror(errno));
  if (rename(hidden_.c_str(), path_.c_str()) != 0) {
    const int why = errno;
    rename(old.c_str(), path_.c_str());
    fail(std::strerror(why));
  }
  hidden_ = old;
  note_unfinished_folder(hidden_, names_);
}

}  // namespace shardlm::io
