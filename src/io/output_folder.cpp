#include "output_folder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

namespace fs = std::filesystem;

// Those that come meanwhile come when it ends.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  sigset_t before_;
};

bool is_number(const std::string& text) { return !text.empty() && text.size() < 12 && text.find_first_not_of("0123456789") == std::string::npos; }

// The process that made this hidden name (hidden_name) of `base`, or 0 where it is none.
pid_t maker_of(const std::string& entry, const std::string& base) {
  const std::string begin = "." + base + ".", end = ".partial";
  if (entry.size() < begin.size() + end.size() || entry.compare(0, begin.size(), begin) != 0 || entry.compare(entry.size() - end.size(), end.size(), end) != 0)
    return 0;
  const std::string numbers = entry.substr(begin.size(), entry.size() - begin.size() - end.size());
  const std::size_t dot = numbers.find('.');
  if (dot == std::string::npos || !is_number(numbers.substr(0, dot)) || !is_number(numbers.substr(dot + 1))) return 0;
  return static_cast<pid_t>(std::stoll(numbers.substr(0, dot)));
}

bool is_alive(pid_t process) { return kill(process, 0) == 0 || errno != ESRCH; }

std::vector<std::string> entries_of(const std::string& folder, std::error_code& error) {
  std::vector<std::string> found;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) found.push_back(at->path().filename().string());
  return found;
}

// Such a folder with these files, whole or not, and nothing of anybody else's.
void remove_leftover(const std::string& folder, const std::vector<std::string>& names) {
  std::error_code error;
  if (fs::is_symlink(folder, error)) return;
  const std::vector<std::string> found = entries_of(folder, error);
  const auto is_ours = [&names](const std::string& entry) {
    return std::any_of(names.begin(), names.end(), [&entry](const std::string& name) { return entry == name || maker_of(entry, name) != 0; });
  };
  if (error || !std::all_of(found.begin(), found.end(), is_ours)) return;
  for (const std::string& entry : found) unlink((folder + "/" + entry).c_str());
  rmdir(folder.c_str());
}

// On the disk, and not only on its way there. Best effort: not every file system can.
void sync(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

bool (*OutputFolder::swap)(const char*, const char*) = [](const char* one, const char* other) {
  return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0;
};

OutputFolder::OutputFolder(const std::string& path, std::vector<std::string> names, FreeSpace free_space, std::string what, bool replaces)
    : path_(path),
      what_(std::move(what)),
      names_(std::move(names)),
      replaces_(replaces),
      free_space_(free_space ? std::move(free_space) : FreeSpace(free_on_disk)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  struct stat s {};
  if (path_.empty()) throw Error("give the folder to write " + what_ + " to");
  if (replaces_) follow_links();
  if (replaces_) require_replaceable();
  if (!replaces_ && lstat(path_.c_str(), &s) == 0) fail("it is there already; give another folder, or remove it");
  remove_leftovers();
  hidden_ = hidden_name(path_);
  if (mkdir(hidden_.c_str(), 0700) != 0) fail(std::strerror(errno));
  note_unfinished_folder(hidden_, names_);
}

OutputFolder::~OutputFolder() {
  if (!hidden_.empty()) remove_unfinished_folder();
  note_unfinished_folder("", {});
}

void OutputFolder::fail(const std::string& why) const { throw Error("cannot write " + what_ + " to " + path_ + ": " + why); }

// What a link names is replaced, where it lies.
void OutputFolder::follow_links() {
  char* real = realpath(path_.c_str(), nullptr);
  if (!real) fail(std::strerror(errno));
  path_ = real;
  std::free(real);
}

// Nothing of anybody else's is removed with it.
void OutputFolder::require_replaceable() const {
  std::error_code error;
  const std::vector<std::string> found = entries_of(path_, error);
  if (error) fail(error.message());
  const bool only_ours = std::all_of(found.begin(), found.end(), [this](const std::string& entry) {
    return std::find(names_.begin(), names_.end(), entry) != names_.end();
  });
  if (!only_ours) fail("it holds something else than " + names_.front() + " and " + names_.back());
  if (found.empty()) fail("it is empty; remove it, or give another folder");
}

void OutputFolder::remove_leftovers() const {
  const fs::path path(path_);
  const std::string beside = path.has_parent_path() ? path.parent_path().string() : ".";
  std::error_code error;
  for (const std::string& entry : entries_of(beside, error)) {
    const pid_t maker = maker_of(entry, path.filename().string());
    if (maker > 0 && !is_alive(maker)) remove_leftover(beside + "/" + entry, names_);
  }
}

void OutputFolder::require_room(std::uint64_t bytes) const {
  const std::uint64_t free = free_space_(hidden_);
  if (bytes > free) fail("they take " + size_text(bytes) + ", and its disk has room for " + size_text(free));
}

void OutputFolder::publish() {
  if (replaces_) return replace();
  if (rename(hidden_.c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
  hidden_.clear();
}

// The hidden folder is the old one then, and goes at once. Not every file system can swap two; there is a moment without any on those.
void OutputFolder::replace() {
  sync(hidden_);  // its files are, since they were published
  const WithoutSignals until_it_is_gone;
  if (!swap(hidden_.c_str(), path_.c_str())) {
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
  sync(fs::path(path_).parent_path().string());
  remove_unfinished_folder();
  note_unfinished_folder("", {});
  hidden_.clear();
}

}  // namespace shardlm::io
