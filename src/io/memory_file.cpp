#include "memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "output_file.hpp"
#include "shardlm/core/error.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

namespace shardlm::io {
namespace {

// Some machines allow only what cannot be executed (sysctl vm.memfd_noexec); Linux before 6.3 does not know of it.
int new_memory_file() {
  const int fd = memfd_create("shardlm", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  return fd < 0 && errno == EINVAL ? memfd_create("shardlm", MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

[[noreturn]] void fail(std::uint64_t bytes) {
  throw Error("this machine gives no memory for a file of " + size_text(bytes) + ": " + std::strerror(errno));
}

}  // namespace

MemoryFile::MemoryFile(std::uint64_t bytes) : bytes_(bytes), fd_(new_memory_file()) {
  if (fd_ < 0) fail(bytes);
  // For its owner alone, as the key of a table must be.
  if (fchmod(fd_, 0600) != 0 || ftruncate(fd_, static_cast<off_t>(bytes)) != 0) {
    const int why = errno;
    close(fd_);
    errno = why;
    fail(bytes);
  }
  path_ = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_);
}

MemoryFile::~MemoryFile() { close(fd_); }

// Not through a mapping: where memory runs out, a write says so, and a mapping ends the process.
void MemoryFile::write(std::uint64_t offset, const void* data, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(fd_, static_cast<const char*>(data) + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(bytes_);
    done += static_cast<std::size_t>(n);
  }
}

void MemoryFile::fix() {
  if (fcntl(fd_, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) fail(bytes_);
}

}  // namespace shardlm::io
