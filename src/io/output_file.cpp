#include "output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <random>

#include "shardlm/core/error.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::io {
namespace {

// What remove_partial_output removes: plain memory, because a signal handler reads it.
char unfinished[PATH_MAX] = "";

// Beside `path`, with a name that nobody else has.
std::string hidden_name(const std::string& path) {
  const std::size_t base = path.rfind('/') + 1;  // 0 where there is no slash
  std::random_device device;
  return path.substr(0, base) + "." + path.substr(base) + "." + std::to_string(getpid()) + "." + std::to_string(device()) + ".partial";
}

}  // namespace

void remove_partial_output() noexcept {
  if (unfinished[0]) unlink(unfinished);
}

OutputFile::OutputFile(const std::string& path) : path_(path), hidden_(hidden_name(path)) {
  struct stat s {};
  if (path.empty() || path.back() == '/' || (stat(path.c_str(), &s) == 0 && !S_ISREG(s.st_mode)))
    throw Error("cannot write \"" + path + "\": it is not the name of a file");
  if (hidden_.size() >= sizeof unfinished) throw Error("cannot write " + path + ": the name is too long");
  fd_ = open(hidden_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
  if (fd_ < 0) throw Error("cannot write " + path + ": " + std::strerror(errno));
  std::memcpy(unfinished, hidden_.c_str(), hidden_.size() + 1);
}

OutputFile::~OutputFile() {
  close(fd_);
  if (!hidden_.empty()) unlink(hidden_.c_str());
  unfinished[0] = '\0';
}

void OutputFile::reserve(std::uint64_t bytes) {
  if (fallocate(fd_, 0, 0, static_cast<off_t>(bytes)) != 0 && errno != EOPNOTSUPP)
    throw Error("cannot write " + path_ + ", which takes " + std::to_string(bytes) + " bytes: " + std::strerror(errno));
}

void OutputFile::write(std::uint64_t offset, const void* data, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(fd_, static_cast<const char*>(data) + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
    done += n;
  }
}

void OutputFile::publish() {
  if (rename(hidden_.c_str(), path_.c_str()) != 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
  hidden_.clear();
}

}  // namespace shardlm::io
