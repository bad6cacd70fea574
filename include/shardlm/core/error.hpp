// One exception type for everything a user can cause or must be told.
#pragma once

#include <stdexcept>
#include <string>

namespace shardlm {

// what() is one sentence that names the thing that is wrong and, where there is something to do, what to do.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence) : std::runtime_error(sentence) {}
};

// The operating system refused: that says nothing about what a file holds.
class SystemError : public Error {
 public:
  using Error::Error;
};

}  // namespace shardlm
