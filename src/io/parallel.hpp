// A loop on several threads, without Kokkos.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace shardlm::io {

// As many as are wanted, or where that is 0 as the machine has, up to 16.
inline std::size_t thread_count(unsigned wanted) { return wanted > 0 ? wanted : std::max(1u, std::min(16u, std::thread::hardware_concurrency())); }

// f(first, n) on several threads over 0 .. count - 1; the first exception is thrown again.
template <class F>
void in_parallel(std::size_t count, const F& f, unsigned wanted = 0) {
  const std::size_t threads = std::max<std::size_t>(1, std::min(count, thread_count(wanted)));
  std::vector<std::exception_ptr> errors(threads);
  std::vector<std::thread> pool;
  const auto work = [&](std::size_t t) {
    try {
      const std::size_t first = count * t / threads;
      f(first, count * (t + 1) / threads - first);
    } catch (...) {
      errors[t] = std::current_exception();
    }
  };
  for (std::size_t t = 1; t < threads; ++t) pool.emplace_back(work, t);
  work(0);
  for (std::thread& t : pool) t.join();
  for (const std::exception_ptr& e : errors)
    if (e) std::rethrow_exception(e);
}

}  // namespace shardlm::io
