#include "shardlm/io/received_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "file_system.hpp"
#include "output_file.hpp"
#include "shardlm/core/error.hpp"
#include "verified.hpp"

namespace shardlm::io {

void ReceivedFile::Descriptor::reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

ReceivedFile::ReceivedFile(const std::string& digest, std::uint64_t bytes) : bytes_(bytes) {
  // It becomes part of a path.
  if (digest.size() != 64 || digest.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw Error("a file is offered to this client whose digest is none");
  const std::string folder = folder_in_cache("tables");
  if (const char* kind = network_file_system(folder))
    throw Error("cannot keep received files in " + folder + ", which is on " + kind +
                ": its host would see which rows are read; set XDG_CACHE_HOME to a folder on a local disk");
  path_ = folder + digest + ".h5";
  part_ = folder + digest + ".part";
  while (!is_whole() && !lock_part()) {
  }
  if (!is_whole()) {
    measure_part();
    return;
  }
  has_ = bytes_;  // whoever opens it sees whether it is whole
  if (fd_.get() >= 0) unlink(part_.c_str());  // it came to be whole before this part was begun
  fd_.reset();
}

bool ReceivedFile::is_whole() const {
  struct stat s {};
  return stat(path_.c_str(), &s) == 0;
}

void ReceivedFile::fail(const std::string& why) const { throw Error("cannot receive " + path_ + ": " + why); }

// Is the locked file still the one of that name? Whoever had the lock before may have given it another, or removed it, since it was opened.
bool ReceivedFile::lock_part() {
  fd_.reset(open(part_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (fd_.get() < 0) fail(std::strerror(errno));
  if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) fail("another shardlm is receiving it; wait for that one");
  struct stat locked {}, named {};
  const bool same = fstat(fd_.get(), &locked) == 0 && stat(part_.c_str(), &named) == 0 && locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
  if (!same) fd_.reset();
  return same;
}

void ReceivedFile::measure_part() {
  struct stat s {};
  if (fstat(fd_.get(), &s) != 0) fail(std::strerror(errno));
  has_ = static_cast<std::uint64_t>(s.st_size);
  if (has_ > bytes_) {
    if (ftruncate(fd_.get(), 0) != 0) fail(std::strerror(errno));
    has_ = 0;
  }
  const std::uint64_t free = free_on_disk(part_);
  if (bytes_ - has_ > free) fail("it takes " + size_text(bytes_ - has_) + ", and its disk has room for " + size_text(free));
}

void ReceivedFile::append(const void* data, std::size_t bytes) {
  if (bytes > bytes_ - has_) fail("more came than its " + std::to_string(bytes_) + " bytes");
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(fd_.get(), static_cast<const char*>(data) + done, bytes - done, static_cast<off_t>(has_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(std::strerror(errno));
    done += std::size_t(n);
    has_ += std::uint64_t(n);
  }
}

void ReceivedFile::publish(const std::function<std::string(const std::string& path)>& check) {
  if (fd_.get() < 0) return;  // it was whole
  if (has_ != bytes_) fail("only " + std::to_string(has_) + " of its " + std::to_string(bytes_) + " bytes came");
  const std::string trouble = check(part_);
  if (!trouble.empty()) {
    unlink(part_.c_str());
    fail("what came is not what was offered, and was removed: " + trouble);
  }
  // Its bytes before its name: after a crash a file of this name is whole.
  if (fsync(fd_.get()) != 0 || rename(part_.c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
  fd_.reset();
}

std::string why_not(const std::string& path, ModelPart part, const std::string& digest) {
  try {
    return ModelFile(path, part).digest() == digest ? "" : "it has another digest";
  } catch (const SystemError&) {
    throw;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace shardlm::io
