#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tsm.hpp"

namespace shardlm::attest {
namespace {

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return fd_; }
  int close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0 ? 0 : errno;
  }

 private:
  int fd_;
};

}  // namespace

int KernelFiles::make_folder(const std::string& path) { return mkdir(path.c_str(), 0700) == 0 ? 0 : errno; }

int KernelFiles::remove_folder(const std::string& path) { return rmdir(path.c_str()) == 0 ? 0 : errno; }

// Without O_CREAT and O_TRUNC: the kernel makes these files, and they have no length.
int KernelFiles::write(const std::string& path, const void* bytes, std::size_t n) {
  Descriptor fd(path, O_WRONLY);
  if (fd < 0) return errno;
  const ssize_t written = ::write(fd, bytes, n);
  if (written < 0) return errno;
  return static_cast<std::size_t>(written) == n ? fd.close() : EIO;
}

// To the end, whatever length the file is said to have: in configfs that is 0 or a page.
int KernelFiles::read(const std::string& path, std::size_t most, Bytes& content) {
  const Descriptor fd(path, O_RDONLY);
  if (fd < 0) return errno;
  content.clear();
  std::uint8_t piece[4096];
  for (;;) {
    const ssize_t got = ::read(fd, piece, sizeof piece);
    if (got < 0) return errno;
    if (got == 0) return 0;
    if (content.size() + static_cast<std::size_t>(got) > most) return EFBIG;
    content.insert(content.end(), piece, piece + got);
  }
}

}  // namespace shardlm::attest
