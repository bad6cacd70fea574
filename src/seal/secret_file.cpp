#include "secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace shardlm::seal {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return fd_; }

 private:
  int fd_;
};

Error cannot(const char* verb, const std::string& path, const std::string& why) {
  return Error(std::string("cannot ") + verb + " the key file " + path + ": " + why);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// Hidden beside the file, with a name that nobody can foresee.
std::string hidden_name(const std::string& path) {
  std::uint8_t number[8];
  random_bytes(number, sizeof number);
  const std::size_t base = path.rfind('/') + 1;  // 0 where there is no slash
  return path.substr(0, base) + "." + path.substr(base) + "." + to_hex(View(number, sizeof number)) + ".partial";
}

// The new name appears only if nothing has it. Where the file system cannot say so while renaming, a second link can.
bool rename_new(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  return link(from.c_str(), to.c_str()) == 0 && unlink(from.c_str()) == 0;
}

bool write_all(int fd, View content) {
  for (std::size_t done = 0; done < content.size;) {
    const ssize_t n = ::write(fd, content.data + done, content.size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return fchmod(fd, 0600) == 0 && fsync(fd) == 0;
}

const char* exists = "there is something of that name already, and keys are never overwritten; choose another name, or remove it first";

}  // namespace

void write_secret_file(const std::string& path, View content) {
  struct stat s {};
  if (path.empty() || path.back() == '/') throw cannot("write", "\"" + path + "\"", "that is not the name of a file");
  if (lstat(path.c_str(), &s) == 0) throw cannot("write", path, exists);
  const std::string hidden = hidden_name(path);
  const Descriptor fd(open(hidden.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (fd < 0) throw cannot("write", path, std::strerror(errno));
  if (!write_all(fd, content) || !rename_new(hidden, path)) {
    const int error = errno;
    unlink(hidden.c_str());
    throw cannot("write", path, error == EEXIST ? exists : std::strerror(error));
  }
  const Descriptor folder(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder >= 0) fsync(folder);  // the name; where that is impossible the file is no worse than others
}

void read_secret_file(const std::string& path, const char* kind, char* content, std::size_t size) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not hang the program
  struct stat s {};
  if (fd < 0 || fstat(fd, &s) != 0) throw cannot("read", path, std::strerror(errno));
  if (!S_ISREG(s.st_mode)) throw cannot("read", path, "it is not a file");
  if ((s.st_mode & 077) != 0) throw cannot("read", path, "others than its owner may use it, so its secret may be known; chmod 600 " + path);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(fd, content + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw cannot("read", path, std::strerror(errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  if (done != size || static_cast<std::size_t>(s.st_size) != size) throw cannot("read", path, std::string("it is not the file of ") + kind);
}

}  // namespace shardlm::seal
