#include "mapping.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

std::int64_t nanoseconds(const timespec& t) { return std::int64_t{1000000000} * t.tv_sec + t.tv_nsec; }

FileState state_of(const struct stat& s) {
  return {static_cast<std::uint64_t>(s.st_size), s.st_ino, s.st_dev, nanoseconds(s.st_mtim), nanoseconds(s.st_ctim)};
}

// Seals that nobody can take off again.
bool is_fixed(int fd) {
  constexpr int kFixed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & kFixed) == kFixed;
}

}  // namespace

bool operator==(const FileState& a, const FileState& b) {
  return a.size == b.size && a.inode == b.inode && a.device == b.device && a.modified == b.modified && a.changed == b.changed;
}

FileState file_state(const std::string& path) { return InputFile(path).state(); }

InputFile::InputFile(const std::string& path) : path_(path), fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (fd_ < 0) throw SystemError("cannot read " + path + ": " + std::strerror(errno));
  struct stat s {};
  const bool regular = fstat(fd_, &s) == 0 && S_ISREG(s.st_mode);
  if (!regular) {
    close(fd_);
    throw Error("cannot read " + path + ": it is not a file");
  }
  state_ = state_of(s);
}

InputFile::~InputFile() { close(fd_); }

void InputFile::read(std::uint64_t offset, void* data, std::size_t bytes) const {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got = pread(fd_, static_cast<char*>(data) + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Error("cannot read " + path_ + ": " + (got < 0 ? std::strerror(errno) : "it became shorter meanwhile"));
    done += got;
  }
}

void InputFile::expect_all() const { posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL); }

// Linux passes over pages of which only a part is named, so the first is named whole.
void InputFile::forget(std::uint64_t offset, std::uint64_t bytes) const {
  const std::uint64_t first = offset - offset % static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  posix_fadvise(fd_, static_cast<off_t>(first), static_cast<off_t>(offset + bytes - first), POSIX_FADV_DONTNEED);
}

Mapping::Mapping(const std::string& path) {
  const InputFile file(path);
  state_ = file.state();
  fixed_ = is_fixed(file.descriptor());
  if (state_.size == 0) return;
  void* p = mmap(nullptr, state_.size, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (p == MAP_FAILED) throw SystemError("cannot map " + path + " into memory: " + std::strerror(errno));
  data_ = static_cast<const std::uint8_t*>(p);
  if (fixed_) madvise(p, state_.size, MADV_DONTDUMP);  // it is the clear text of a sealed file, and core dumps go to disks
}

Mapping::~Mapping() {
  if (data_) munmap(const_cast<std::uint8_t*>(data_), state_.size);
}

Mapping::Mapping(Mapping&& other) noexcept : data_(std::exchange(other.data_, nullptr)), state_(other.state_), fixed_(other.fixed_) {}

void Mapping::make_resident() const {
  if (!data_) return;
#ifdef MADV_POPULATE_READ
  if (madvise(const_cast<std::uint8_t*>(data_), state_.size, MADV_POPULATE_READ) == 0) return;
  if (errno != EINVAL) throw SystemError(std::string("cannot read a file into memory: ") + std::strerror(errno));  // EINVAL: a kernel before 5.14
#endif
  const std::size_t page = sysconf(_SC_PAGESIZE);
  const volatile std::uint8_t* bytes = data_;
  for (std::size_t at = 0; at < state_.size; at += page) static_cast<void>(bytes[at]);
}

void Mapping::prefer_huge_pages() const {
  if (data_) madvise(const_cast<std::uint8_t*>(data_), state_.size, MADV_HUGEPAGE);
}

void Mapping::release(const std::uint8_t* from, std::size_t bytes) const {
  const std::size_t page = sysconf(_SC_PAGESIZE);
  const std::size_t first = (from - data_) / page * page, end = (from - data_ + bytes) / page * page;
  if (data_ && end > first) madvise(const_cast<std::uint8_t*>(data_) + first, end - first, MADV_DONTNEED);
}

std::string read_text(const std::string& path, std::size_t limit) {
  const InputFile file(path);
  if (file.state().size > limit)
    throw Error(path + " has " + std::to_string(file.state().size) + " bytes, more than the " + std::to_string(limit) +
                " that such a file may have");
  std::string text(file.state().size, '\0');
  file.read(0, &text[0], text.size());
  return text;
}

}  // namespace shardlm::io
