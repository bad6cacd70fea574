// Long work of one rank while the others wait: a thread does it, and the rank tells them meanwhile that it lives.
#pragma once

#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "shardlm/net/world.hpp"

namespace shardlm::app {

// A model that was never read is checksummed first, which may take minutes, and a person may still write the prompt. Should another rank
// fail, nobody waits for the thread: the process ends; so `work` must own, or share, what it uses. Returns why it cannot be done, or "".
inline std::string in_thread(net::World& world, std::function<void()> work) {
  std::packaged_task<std::string()> task([work = std::move(work)]() -> std::string {
    try {
      work();
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  });
  std::future<std::string> trouble = task.get_future();
  std::thread(std::move(task)).detach();
  while (trouble.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) world.still_working();
  return trouble.get();
}

}  // namespace shardlm::app
