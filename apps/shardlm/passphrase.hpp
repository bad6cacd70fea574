// Where a passphrase comes from.
#pragma once

#include <string>

#include "shardlm/seal/bytes.hpp"

namespace shardlm::app {

// Text that is wiped at its end.
struct Passphrase {
  Passphrase() { bytes.reserve(kMost + 1); }  // it never moves
  ~Passphrase() { wipe(bytes.data(), bytes.size()); }
  Passphrase(const Passphrase&) = delete;
  Passphrase& operator=(const Passphrase&) = delete;

  static constexpr std::size_t kMost = 1024;
  seal::Bytes bytes;
};

// The one line of a file that nobody else may read, or of standard input ("-"); on a terminal it is asked for, and not shown. twice: asked
// for again, as befits one that is new. Throws Error.
void read_passphrase(const std::string& path, bool twice, Passphrase& passphrase);

}  // namespace shardlm::app
