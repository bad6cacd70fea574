#include "shardlm/io/received_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "output_file.hpp"
#include "shardlm/core/error.hpp"
#include "verified.hpp"

namespace shardlm::io {
ReceivedFile::ReceivedFile(const std::string& digest, std::uint64_t bytes) : bytes_(bytes) {
  // It becomes part of a path.
  if (digest.size() != 64 || digest.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw Error("a server offers a table whose digest is none");
  const std::string folder = folder_in_cache("tables");
  path_ = folder + digest + ".h5";
  part_ = folder + digest + ".part";
  struct stat s {};
  if (stat(path_.c_str(), &s) == 0)
    has_ = bytes_;  // whoever opens it sees whether it is whole
  else
    open_part();
}

ReceivedFile::~ReceivedFile() {
  if (fd_ >= 0) close(fd_);
}

void ReceivedFile::fail(const std::string& why) const { throw Error("cannot receive " + path_ + ": " + why); }

void ReceivedFile::open_part() {
  fd_ = open(part_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0) fail(std::strerror(errno));
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) fail("another shardlm is receiving it; wait for that one");
  struct stat s {};
  if (fstat(fd_, &s) != 0) fail(std::strerror(errno));
  has_ = static_cast<std::uint64_t>(s.st_size);
  if (has_ > bytes_) {
    if (ftruncate(fd_, 0) != 0) fail(std::strerror(errno));
    has_ = 0;
  }
  const std::uint64_t free = free_on_disk(part_);
  if (bytes_ - has_ > free) fail("it takes " + size_text(bytes_ - has_) + ", and its disk has room for " + size_text(free));
}

void ReceivedFile::append(const void* data, std::size_t bytes) {
  if (bytes > bytes_ - has_) fail("more came than its " + std::to_string(bytes_) + " bytes");
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(fd_, static_cast<const char*>(data) + done, bytes - done, static_cast<off_t>(has_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(std::strerror(errno));
    done += std::size_t(n);
    has_ += std::uint64_t(n);
  }
}

void ReceivedFile::publish(const std::function<void(const std::string& path)>& check) {
  if (fd_ < 0) return;  // it was whole
  if (has_ != bytes_) fail("only " + std::to_string(has_) + " of its " + std::to_string(bytes_) + " bytes came");
  try {
    check(part_);
  } catch (const std::exception& error) {
    unlink(part_.c_str());
    fail(std::string("what came is not what was offered, and was removed: ") + error.what());
  }
  if (rename(part_.c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
  close(fd_);
  fd_ = -1;
}

}  // namespace shardlm::io
