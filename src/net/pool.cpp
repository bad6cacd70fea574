#include "pool.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <vector>

namespace shardlm::net {
namespace {

constexpr std::size_t kSmallest = 4096;
constexpr std::size_t kKept = std::size_t{512} << 20;  // what one rank keeps for reuse at most

struct Pool {
  std::mutex mutex;
  std::map<std::size_t, std::vector<MessageBuffer>> free;
  std::size_t bytes = 0;
  bool hooked = false;
};

Pool& pool() {
  static Pool* one = new Pool;  // never destroyed: the last packets may outlive static destructors
  return *one;
}

// Four sizes an octave, so that buffers of nearly the same size can stand in for each other and at most a fifth is wasted.
std::size_t rounded(std::size_t bytes) {
  if (bytes <= kSmallest) return kSmallest;
  std::size_t step = kSmallest / 4;
  while (step * 8 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

void empty_pool() {
  std::lock_guard<std::mutex> lock(pool().mutex);
  pool().free.clear();
  pool().bytes = 0;
  pool().hooked = false;
}

}  // namespace

MessageBuffer take_buffer(std::size_t bytes) {
  const std::size_t size = rounded(bytes);
  {
    std::lock_guard<std::mutex> lock(pool().mutex);
    if (!pool().hooked) Kokkos::push_finalize_hook(empty_pool);  // Kokkos frees no views after its end
    pool().hooked = true;
    auto& same = pool().free[size];
    if (!same.empty()) {
      MessageBuffer buffer = std::move(same.back());
      same.pop_back();
      pool().bytes -= size;
      return buffer;
    }
  }
  return MessageBuffer(Kokkos::view_alloc(std::string("packet"), Kokkos::WithoutInitializing), size);
}

void recycle_buffer(MessageBuffer buffer, std::size_t used) noexcept {
  if (buffer.data() == nullptr || buffer.use_count() > 1) return;
  std::memset(buffer.data(), 0, std::min(used, buffer.size()));
  __asm__ volatile("" : : "r"(buffer.data()) : "memory");  // the wipe must not be taken for a dead store
  try {
    std::lock_guard<std::mutex> lock(pool().mutex);
    if (!pool().hooked || pool().bytes + buffer.size() > kKept) return;
    pool().free[buffer.size()].push_back(buffer);
    pool().bytes += buffer.size();
  } catch (const std::exception&) {
    // no memory for the list: the buffer is freed instead
  }
}

}  // namespace shardlm::net
