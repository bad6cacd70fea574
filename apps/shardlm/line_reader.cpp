#include "line_reader.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "interrupt.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {

bool LineReader::take(std::string& line, Came& came) {
  const std::size_t end = held_.find('\n');
  const bool whole = end != std::string::npos || (ended_ && !held_.empty());
  if (!whole && held_.size() > kMost) skipping_ = true;
  if (!whole && skipping_) held_.clear();
  if (!whole) return false;
  line = held_.substr(0, end);
  held_.erase(0, end == std::string::npos ? end : end + 1);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  came = skipping_ || line.size() > kMost ? Came::too_long : Came::line;
  skipping_ = false;
  return true;
}

LineReader::Came LineReader::next(std::string& line, const std::function<void()>& while_waiting) {
  for (Came came; true;) {
    if (take(line, came)) return came;
    if (ended_) return Came::end;
    if (take_interrupt()) return Came::interrupt;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = poll(&input, 1, 50);
    while_waiting();
    if (ready <= 0) continue;
    char part[4096];
    const ssize_t n = read(STDIN_FILENO, part, sizeof part);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) throw Error("cannot read standard input");
    if (n == 0) ended_ = true;
    held_.append(part, std::size_t(n));
  }
}

}  // namespace shardlm::app
