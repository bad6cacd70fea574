// A program that is run to its end, or to a limit.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace shardlm::attest {

struct Ended {
  enum How { exited, killed, too_late, not_started } how;
  int number;        // exit status, signal, or errno
  std::string line;  // the first line that it wrote to either output, made printable
};

// Runs words[0], looked up in PATH where it has no slash, with nothing to read, in a process group of its own that is ended with it.
Ended run_process(const std::vector<std::string>& words, const std::vector<std::string>& environment, std::chrono::milliseconds limit);

}  // namespace shardlm::attest
