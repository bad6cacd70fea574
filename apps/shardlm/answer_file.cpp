#include "answer_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw Error("cannot write the answer to " + path + ": " + why);
}

// A new file beside `path`, removed unless it is published.
class Temporary {
 public:
  explicit Temporary(const std::string& path) : path_(path) {
    const std::size_t base = path.rfind('/') + 1;  // 0 where there is no slash
    const std::string pattern = path.substr(0, base) + "." + path.substr(base) + ".XXXXXX";
    name_.assign(pattern.c_str(), pattern.c_str() + pattern.size() + 1);
    descriptor_ = mkstemp(name_.data());
    if (descriptor_ < 0) refuse(path, std::strerror(errno));
  }
  ~Temporary() {
    close(descriptor_);
    if (!published_) unlink(name_.data());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  void write(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = ::write(descriptor_, text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) refuse(path_, std::strerror(errno));
      done += std::size_t(n);
    }
  }
  void publish() {
    const mode_t mask = umask(0);  // mkstemp's files are for their owner alone
    umask(mask);
    if (fchmod(descriptor_, 0666 & ~mask) != 0 || fsync(descriptor_) != 0 || rename(name_.data(), path_.c_str()) != 0)
      refuse(path_, std::strerror(errno));
    published_ = true;
  }

 private:
  std::string path_;
  std::vector<char> name_;
  int descriptor_ = -1;
  bool published_ = false;
};

}  // namespace

void check_writable(const std::string& path) {
  struct stat status {};
  if (path.back() == '/' || (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))) refuse(path, "it is not the name of a file");
  const Temporary probe(path);
}

void write_file(const std::string& path, const std::string& text) {
  Temporary file(path);
  file.write(text);
  file.publish();
}

}  // namespace shardlm::app
