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

// An open descriptor of a regular file.
class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0) throw SystemError("cannot read " + path + ": " + std::strerror(errno));
    struct stat s {};
    const bool regular = fstat(fd_, &s) == 0 && S_ISREG(s.st_mode);
    if (!regular) {
      close(fd_);
      throw Error("cannot read " + path + ": it is not a file");
    }
    state_ = state_of(s);
  }
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  const FileState& state() const { return state_; }

 private:
  int fd_;
  FileState state_;
};

}  // namespace

bool operator==(const FileState& a, const FileState& b) {
  return a.size == b.size && a.inode == b.inode && a.device == b.device && a.modified == b.modified && a.changed == b.changed;
}

FileState file_state(const std::string& path) { return Descriptor(path).state(); }

Mapping::Mapping(const std::string& path) {
  const Descriptor file(path);
  state_ = file.state();
  if (state_.size == 0) return;
  void* p = mmap(nullptr, state_.size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (p == MAP_FAILED) throw SystemError("cannot map " + path + " into memory: " + std::strerror(errno));
  data_ = static_cast<const std::uint8_t*>(p);
}

Mapping::~Mapping() {
  if (data_) munmap(const_cast<std::uint8_t*>(data_), state_.size);
}

Mapping::Mapping(Mapping&& other) noexcept : data_(std::exchange(other.data_, nullptr)), state_(other.state_) {}

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
  const Descriptor file(path);
  if (file.state().size > limit)
    throw Error(path + " has " + std::to_string(file.state().size) + " bytes, more than the " + std::to_string(limit) +
                " that such a file may have");
  std::string text(file.state().size, '\0');
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t got = read(file.get(), &text[done], text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Error("cannot read " + path + ": " + (got < 0 ? std::strerror(errno) : "it became shorter meanwhile"));
    done += got;
  }
  return text;
}

}  // namespace shardlm::io
