// SHA-256, as lower-case hexadecimal.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace shardlm::io {

class Checksum {
 public:
  Checksum();
  ~Checksum();
  void add(const void* data, std::size_t bytes);
  std::string hex();  // of all that was added; afterwards it starts anew

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::io
