// Whoever takes an answer slowly.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "gateway/connection.hpp"

namespace shardlm::app {
namespace {

using namespace std::chrono_literals;

// They take each piece in time, and would go on for hours.
TEST(SlowReader, has_a_time_for_all_of_an_answer) {
  GatewaySettings settings;
  settings.arrival = 0.1;
  settings.deadline = settings.writing = 0.4;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  Connection connection(ends[0], settings);
  ASSERT_EQ(::send(ends[1], "G", 1, 0), 1);
  ASSERT_TRUE(connection.await_request());
  std::atomic<bool> over{false};
  std::thread reads([&] {
    std::vector<char> some(1 << 16);
    for (; !over; std::this_thread::sleep_for(10ms)) (void)!::recv(ends[1], some.data(), some.size(), MSG_DONTWAIT);
  });
  const std::string piece(1 << 16, 'x');
  const auto begin = std::chrono::steady_clock::now();
  const auto took = [&] { return std::chrono::steady_clock::now() - begin; };
  int pieces = 0;
  while (took() < 10s && connection.write(piece.data(), piece.size()) > 0) ++pieces;
  EXPECT_GT(pieces, 3);
  EXPECT_GT(took(), 500ms);
  EXPECT_LT(took(), 5s);
  over = true;
  reads.join();
  ::close(ends[1]);
}

}  // namespace
}  // namespace shardlm::app
