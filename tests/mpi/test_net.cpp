// Messages between four real ranks.
#include "four_ranks.hpp"

#include <cstring>

using namespace shardlm::net;

namespace {

TEST_F(FourRanks, sends) {
  for (std::size_t n : {0, 1, 31, 65536, 8 << 20}) {
    for (int peer = 0; peer < kParties; ++peer) {
      if (static_cast<Role>(peer) == world.role()) continue;
      Packet a(n), b(n);
      a.size = n;
      if (n) std::memset(a.data(), static_cast<int>(world.role()) + 7, n);
      (void)0;
      world.exchange(static_cast<Role>(peer), Lane::opening, Kind::opening, 3, a, b);
      ASSERT_EQ(b.size, n);
      if (n) ASSERT_EQ(b.data()[n - 1], peer + 7);
    }
  }
}

}  // namespace
