// Messages out of step, ranks that go quiet, waits that are given up: errors with a sentence, never an answer and never a hang.
#include <chrono>
#include <thread>

#include "net_ranks.hpp"

using namespace shardlm;
using namespace shardlm::net;

namespace {

constexpr std::uint64_t kRequest = 7;

template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// One message from server 0; what server 1 says to it when it expects opening 0 of request 7 with at most 64 bytes.
class OutOfStep : public FourRanks {
 protected:
  std::string answer_to(Kind kind, std::uint64_t request, std::size_t size) {
    if (is(Role::server0)) {
      Packet packet(size);
      packet.size = size;
      Transfer transfer = world.send(Role::server1, Lane::opening, kind, request, packet);
      world.finish(transfer);
    }
    if (!is(Role::server1)) return "";
    Packet packet(64);
    return error_of([&] {
      Transfer transfer = world.receive(Role::server0, Lane::opening, Kind::opening, kRequest, packet);
      world.finish(transfer);
    });
  }
};

TEST_F(OutOfStep, TheRightMessageIsTaken) { EXPECT_EQ(answer_to(Kind::opening, kRequest, 64), ""); }

TEST_F(OutOfStep, AnotherKindIsRefused) {
  const std::string error = answer_to(Kind::dealt, kRequest, 8);
  if (is(Role::server1)) {
    EXPECT_EQ(error, "server 0 sent dealt 0 of request 7 where opening 0 of request 7 was expected; the ranks are out of step");
  }
}

TEST_F(OutOfStep, AnotherRequestIsRefused) {
  const std::string error = answer_to(Kind::opening, kRequest + 1, 8);
  if (is(Role::server1)) {
    EXPECT_EQ(error, "server 0 sent opening 0 of request 8 where opening 0 of request 7 was expected; the ranks are out of step");
  }
}

TEST_F(OutOfStep, AMessageThatIsTooLongIsRefused) {
  const std::string error = answer_to(Kind::opening, kRequest, 65);
  if (is(Role::server1)) {
    EXPECT_EQ(error, "server 0 sent opening 0 of request 7 with 65 bytes where at most 64 were expected");
  }
}

TEST_F(OutOfStep, AMessageThatIsFarTooLongIsRefused) {
  const std::string error = answer_to(Kind::opening, kRequest, 8 << 20);
  if (is(Role::server1)) {
    EXPECT_EQ(error, "server 0 sent opening 0 of request 7 with 8388608 bytes where at most 64 were expected");
  }
}

// A receive that was given up leaves its message behind: the next one must not take that for its own.
TEST_F(OutOfStep, AnotherSequenceNumberIsRefused) {
  if (is(Role::server1)) {
    Packet given_up(64);
    world.receive(Role::server0, Lane::opening, Kind::opening, kRequest, given_up);
  }
  world.gather_all("");
  const std::string error = answer_to(Kind::opening, kRequest, 8);
  if (is(Role::server1)) {
    EXPECT_EQ(error, "server 0 sent opening 0 of request 7 where opening 1 of request 7 was expected; the ranks are out of step");
  }
}

TEST_F(OutOfStep, ReceiveNowRefusesThemToo) {
  if (is(Role::server0)) {
    world.send_now(Role::server1, Lane::control, Kind::stop, kRequest, "abc", 3);
    world.send_now(Role::client, Lane::control, Kind::stop, kRequest, "abc", 3);
    world.send_now(Role::dealer, Lane::control, Kind::stop, kRequest, "abc", 3);
  }
  const auto receive = [&](auto... rest) { return error_of([&] { world.receive_now(Role::server0, Lane::control, rest...); }); };
  const std::string then = " was expected; the ranks are out of step";
  if (is(Role::server1)) {
    EXPECT_EQ(receive(Kind::end, kRequest), "server 0 sent stop 0 of request 7 where end 0 of request 7" + then);
  }
  if (is(Role::client)) {
    EXPECT_EQ(receive(Kind::stop, kRequest + 2), "server 0 sent stop 0 of request 7 where stop 0 of request 9" + then);
  }
  if (is(Role::dealer)) {
    EXPECT_EQ(receive(Kind::stop, kRequest, std::size_t{2}),
              "server 0 sent stop 0 of request 7 with 3 bytes where at most 2 were expected");
  }
}

// The memory of a send that was given up lives until the message has left, and it arrives.
TEST_F(OutOfStep, ASendThatWasGivenUpStillArrives) {
  constexpr std::size_t kBytes = 8 << 20;
  if (is(Role::server0)) {
    Packet packet(kBytes);
    packet.size = kBytes;
    for (std::size_t i = 0; i < kBytes; ++i) packet.data()[i] = static_cast<std::uint8_t>(i % 251);
    world.send(Role::server1, Lane::opening, Kind::opening, kRequest, packet);
  }
  world.gather_all("");
  if (is(Role::server1)) {
    Packet packet(kBytes);
    Transfer transfer = world.receive(Role::server0, Lane::opening, Kind::opening, kRequest, packet);
    world.finish(transfer);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < kBytes; ++i) wrong += packet.data()[i] != static_cast<std::uint8_t>(i % 251);
    EXPECT_EQ(wrong, 0u);
  }
}

TEST_F(OutOfStep, TransfersMayOutliveTheirWorld) {
  Packet packet(64);
  Transfer transfer;
  {
    World short_lived(10);
    if (is(Role::server0)) transfer = short_lived.receive(Role::server1, Lane::opening, Kind::opening, kRequest, packet);
    short_lived.gather_all("");
  }
}

// Ranks that only wait, with a short time-out; the fixture's own World tells the end of a test.
class Quiet : public FourRanks {
 protected:
  World brief{1};
};

// Server 1 works 3.5 s without a word; server 0 gives up after 1 s, and says how much is missing.
TEST_F(Quiet, ARankThatGoesQuietIsGivenUp) {
  if (is(Role::server1)) std::this_thread::sleep_for(std::chrono::milliseconds(3500));
  if (is(Role::server0)) {
    const double start = now();
    Packet packet(64);
    const std::string error = error_of([&] {
      Transfer transfer = brief.receive(Role::server1, Lane::opening, Kind::opening, kRequest, packet);
      brief.finish(transfer);
    });
    EXPECT_LT(now() - start, 2.5);
    EXPECT_EQ(error.substr(0, error.find(';')), "server 1 sent nothing for 1 s, and is given up (opening 0 of request 7 was awaited)");
  }
}

// The client waits three time-outs for server 0, which waits for others all the time: as long as it gets on, that is no failure.
TEST_F(Quiet, ARankMayWaitLongForOneThatIsBusy) {
  constexpr int kRounds = 30;
  if (is(Role::client)) {
    EXPECT_NO_THROW(brief.receive_now(Role::server0, Lane::output, Kind::logits, kRequest));
  }
  if (is(Role::server0)) {
    for (int i = 0; i < kRounds; ++i) brief.receive_now(Role::server1, Lane::opening, Kind::opening, kRequest);
    brief.send_now(Role::client, Lane::output, Kind::logits, kRequest, nullptr, 0);
  }
  if (is(Role::server1)) {
    for (int i = 0; i < kRounds; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      brief.send_now(Role::server0, Lane::opening, Kind::opening, kRequest, nullptr, 0);
    }
  }
}

TEST_F(Quiet, LongWorkThatSaysSoIsNoFailure) {
  if (is(Role::client)) {
    EXPECT_NO_THROW(brief.receive_now(Role::server0, Lane::output, Kind::logits, kRequest));
  }
  if (is(Role::server0)) {
    for (int i = 0; i < 30; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      brief.still_working();
    }
    brief.send_now(Role::client, Lane::output, Kind::logits, kRequest, nullptr, 0);
  }
}

// All live, none gets on: a deadlock ends too.
TEST_F(Quiet, RanksThatWaitForEachOtherGiveUp) {
  const Role peer = static_cast<Role>(static_cast<int>(world.role()) ^ 1);
  const double start = now();
  const std::string error = error_of([&] { brief.receive_now(peer, Lane::opening, Kind::opening, kRequest); });
  EXPECT_LT(now() - start, 6);
  EXPECT_NE(error.find("opening of request 7 was awaited"), std::string::npos) << error;
}

}  // namespace
