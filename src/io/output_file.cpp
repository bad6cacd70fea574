#include "output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <utility>

#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

// What remove_partial_output removes: plain memory, because a signal handler reads it.
char unfinished[PATH_MAX] = "";

constexpr std::size_t kFolderFiles = 4;
char unfinished_folder[PATH_MAX] = "", files_of_folder[kFolderFiles][PATH_MAX];

}  // namespace

std::string hidden_name(const std::string& path) {
  const std::size_t base = path.rfind('/') + 1;  // 0 where there is no slash
  std::random_device device;
  return path.substr(0, base) + "." + path.substr(base) + "." + std::to_string(getpid()) + "." + std::to_string(device()) + ".partial";
}

std::uint64_t free_on_disk(const std::string& file) {
  struct statvfs disk {};
  if (statvfs(file.c_str(), &disk) != 0) return ~std::uint64_t{0};  // unknown: not a reason to refuse
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

std::string size_text(std::uint64_t bytes) {
  const bool large = bytes >= std::uint64_t{1} << 30;
  char text[40];
  std::snprintf(text, sizeof text, large ? "%.2f GiB" : "%.2f MiB", std::ldexp(double(bytes), large ? -30 : -20));
  return text;
}

void note_unfinished_folder(const std::string& folder, const std::vector<std::string>& names) {
  unfinished_folder[0] = '\0';
  for (std::size_t i = 0; i < kFolderFiles; ++i) {
    const std::string file = i < names.size() ? folder + "/" + names[i] : std::string();
    if (file.size() >= PATH_MAX) throw Error("cannot write " + folder + ": the name is too long");
    std::memcpy(files_of_folder[i], file.c_str(), file.size() + 1);
  }
  std::memcpy(unfinished_folder, folder.c_str(), folder.size() + 1);
}

void remove_unfinished_folder() noexcept {
  if (!unfinished_folder[0]) return;
  for (const char* file : files_of_folder)
    if (file[0]) unlink(file);
  rmdir(unfinished_folder);
}

void remove_partial_output() noexcept {
  if (unfinished[0]) unlink(unfinished);
  remove_unfinished_folder();
}

OutputFile::OutputFile(const std::string& path, FreeSpace free_space, unsigned mode)
    : path_(path), hidden_(hidden_name(path)), free_space_(free_space ? std::move(free_space) : FreeSpace(free_on_disk)) {
  struct stat s {};
  if (path.empty() || path.back() == '/' || (stat(path.c_str(), &s) == 0 && !S_ISREG(s.st_mode)))
    throw Error("cannot write \"" + path + "\": it is not the name of a file");
  if (hidden_.size() >= sizeof unfinished) throw Error("cannot write " + path + ": the name is too long");
  fd_ = open(hidden_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
  if (fd_ < 0) throw Error("cannot write " + path + ": " + std::strerror(errno));
  std::memcpy(unfinished, hidden_.c_str(), hidden_.size() + 1);
}

OutputFile::~OutputFile() {
  close(fd_);
  if (!hidden_.empty()) unlink(hidden_.c_str());
  unfinished[0] = '\0';
}

void OutputFile::reserve(std::uint64_t bytes) {
  struct stat s {};
  const std::uint64_t has = fstat(fd_, &s) == 0 ? std::uint64_t(s.st_blocks) * 512 : 0, free = free_space_(hidden_);
  if (bytes > has && bytes - has > free)
    throw Error("cannot write " + path_ + ": it takes " + size_text(bytes) + ", and its disk has room for " + size_text(free));
  if (fallocate(fd_, 0, 0, static_cast<off_t>(bytes)) != 0 && errno != EOPNOTSUPP)
    throw Error("cannot write " + path_ + ", which takes " + size_text(bytes) + ": " + std::strerror(errno));
}

void OutputFile::write(std::uint64_t offset, const void* data, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(fd_, static_cast<const char*>(data) + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
    done += n;
  }
}

std::uint64_t OutputFile::size() const {
  struct stat s {};
  if (fstat(fd_, &s) != 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
  return static_cast<std::uint64_t>(s.st_size);
}

// Its bytes before its name: after a crash a file of this name is whole.
void OutputFile::publish() {
  if (fsync(fd_) != 0 && errno != EINVAL && errno != ENOSYS) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
  if (rename(hidden_.c_str(), path_.c_str()) != 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
  hidden_.clear();
}

}  // namespace shardlm::io
