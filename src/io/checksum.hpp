// SHA-256.
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
  // Of all that was added; afterwards it starts anew. 32 bytes, or the same as lower-case hexadecimal.
  std::string bytes();
  std::string hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::io
