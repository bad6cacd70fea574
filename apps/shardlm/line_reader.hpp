// Lines of standard input, which a person may take any time to write.
#pragma once

#include <functional>
#include <string>

namespace shardlm::app {

class LineReader {
 public:
  enum class Came { line, too_long, interrupt, end };
  // while_waiting is called about twenty times a second; it may throw. A line comes without its end; what stands after the last line's
  // end is a line, too. Of a line above kMost bytes nothing is kept.
  Came next(std::string& line, const std::function<void()>& while_waiting);

  static constexpr std::size_t kMost = std::size_t{1} << 20;

 private:
  bool take(std::string& line, Came& came);
  std::string held_;
  bool ended_ = false, skipping_ = false;
};

}  // namespace shardlm::app
