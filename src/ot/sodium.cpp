#include "sodium.hpp"

#include "shardlm/core/error.hpp"

namespace shardlm::ot {

void start_sodium() {
  static const bool started = [] {
    if (sodium_init() < 0) throw Error("libsodium cannot start: the operating system has no random numbers for it");
    return true;
  }();
  static_cast<void>(started);
}

}  // namespace shardlm::ot
