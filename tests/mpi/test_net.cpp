// Messages between four real ranks: what arrives, what is refused, what is counted.
#include <chrono>
#include <cstring>
#include <thread>

#include "net_ranks.hpp"

using namespace shardlm;
using namespace shardlm::net;

namespace {

constexpr std::uint64_t kRequest = 7;

std::vector<Role> others(Role mine) {
  std::vector<Role> result;
  for (int rank = 0; rank < kParties; ++rank) {
    if (static_cast<Role>(rank) != mine) result.push_back(static_cast<Role>(rank));
  }
  return result;
}

// Byte i of message `number` from one rank to another: no two messages share a prefix.
std::uint8_t pattern(Role from, Role to, std::uint64_t number, std::size_t i) {
  std::uint64_t x =
      (static_cast<std::uint64_t>(from) * 4 + static_cast<std::uint64_t>(to)) * 0x9e3779b97f4a7c15u + number * 0x2545f491u + i;
  x ^= x >> 29;
  x *= 0xbf58476d1ce4e5b9u;
  return static_cast<std::uint8_t>(x >> 56);
}

Packet patterned(Role from, Role to, std::uint64_t number, std::size_t size) {
  Packet packet(size);
  packet.size = size;
  for (std::size_t i = 0; i < size; ++i) packet.data()[i] = pattern(from, to, number, i);
  return packet;
}

std::size_t wrong_bytes(const Packet& packet, Role from, Role to, std::uint64_t number) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < packet.size; ++i) wrong += packet.data()[i] != pattern(from, to, number, i);
  return wrong;
}

void exchange_with_all(World& world, std::size_t size, std::uint64_t number) {
  for (const Role peer : others(world.role())) {
    Packet mine = patterned(world.role(), peer, number, size), theirs(size);
    world.exchange(peer, Lane::opening, Kind::opening, kRequest, mine, theirs);
    ASSERT_EQ(theirs.size, size);
    ASSERT_EQ(wrong_bytes(theirs, peer, world.role(), number), 0u);
  }
}

// what() of the exception that an action throws, "" if none.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_F(FourRanks, RolesFollowRanks) {
  EXPECT_STREQ(name(world.role()), std::vector<const char*>({"client", "server 0", "server 1", "dealer"})[static_cast<int>(world.role())]);
}

TEST_F(FourRanks, EveryPairExchangesMessagesOfEverySize) {
  std::uint64_t number = 0;
  for (const std::size_t size : {0, 1, 31, 65536, 8 << 20}) exchange_with_all(world, size, number++);
}

TEST_F(FourRanks, PayloadsAreAlignedForVectorLoads) {
  for (const std::size_t size : {1, 5000, 100000}) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(Packet(size).data()) % 64, 0u);
}

// With parts of 1000 bytes a message of 1000 is one, of 1001 two, and long ones overtake nothing.
TEST_F(FourRanks, LongMessagesTravelInParts) {
  World small(20, 1000);
  std::uint64_t number = 0;
  for (const std::size_t size : {999, 1000, 1001, 2000, 123456}) exchange_with_all(small, size, number++);
}

TEST_F(FourRanks, LongMessagesArriveInReceivesPostedAhead) {
  World small(20, 1000);
  const std::vector<std::size_t> sizes = {5000, 10, 3000, 0, 1000, 4001};
  if (is(Role::server0)) {
    std::vector<Packet> packets;
    for (std::size_t i = 0; i < sizes.size(); ++i) packets.push_back(patterned(Role::server0, Role::server1, i, sizes[i]));
    std::vector<Transfer> transfers;
    for (Packet& packet : packets) transfers.push_back(small.send(Role::server1, Lane::dealing, Kind::dealt, kRequest, packet));
    for (Transfer& transfer : transfers) small.finish(transfer);
  } else if (is(Role::server1)) {
    std::vector<Packet> packets;
    for (std::size_t i = 0; i < sizes.size(); ++i) packets.emplace_back(6000);
    std::vector<Transfer> transfers;
    for (Packet& packet : packets) transfers.push_back(small.receive(Role::server0, Lane::dealing, Kind::dealt, kRequest, packet));
    for (Transfer& transfer : transfers) small.finish(transfer);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      EXPECT_EQ(packets[i].size, sizes[i]);
      EXPECT_EQ(wrong_bytes(packets[i], Role::server0, Role::server1, i), 0u);
    }
  }
}

TEST_F(FourRanks, AHundredReceivesPostedAheadFillInOrder) {
  constexpr int kMessages = 100;
  if (is(Role::dealer)) {
    std::vector<Packet> packets;
    for (int i = 0; i < kMessages; ++i) packets.push_back(patterned(Role::dealer, Role::server1, i, 100 * i));
    std::vector<Transfer> transfers;
    for (Packet& packet : packets) transfers.push_back(world.send(Role::server1, Lane::dealing, Kind::dealt, kRequest, packet));
    for (Transfer& transfer : transfers) world.finish(transfer);
  } else if (is(Role::server1)) {
    std::vector<Packet> packets;
    for (int i = 0; i < kMessages; ++i) packets.emplace_back(100 * kMessages);
    std::vector<Transfer> transfers;
    for (Packet& packet : packets) transfers.push_back(world.receive(Role::dealer, Lane::dealing, Kind::dealt, kRequest, packet));
    for (int i = kMessages - 1; i >= 0; --i) {  // finished in another order than sent
      world.finish(transfers[i]);
      EXPECT_EQ(packets[i].size, 100u * i);
      EXPECT_EQ(wrong_bytes(packets[i], Role::dealer, Role::server1, i), 0u);
    }
  }
}

// What is dealt ahead does not stand in the way of openings: lanes are received in another order than they were sent.
TEST_F(FourRanks, LanesDoNotWaitForEachOther) {
  const std::vector<Lane> lanes = {Lane::control, Lane::opening, Lane::dealing, Lane::output};
  if (is(Role::server0)) {
    std::vector<Packet> packets;
    std::vector<Transfer> transfers;
    for (int i = 0; i < 12; ++i) packets.push_back(patterned(Role::server0, Role::client, i, 1 << 20));
    for (int i = 0; i < 12; ++i) transfers.push_back(world.send(Role::client, lanes[i % 4], Kind::logits, kRequest, packets[i]));
    for (Transfer& transfer : transfers) world.finish(transfer);
  } else if (is(Role::client)) {
    for (int lane = 3; lane >= 0; --lane) {
      for (int round = 0; round < 3; ++round) {
        Packet packet(1 << 20);
        Transfer transfer = world.receive(Role::server0, lanes[lane], Kind::logits, kRequest, packet);
        world.finish(transfer);
        EXPECT_EQ(wrong_bytes(packet, Role::server0, Role::client, 4 * round + lane), 0u);
      }
    }
  }
}

TEST_F(FourRanks, ReceiveAnySaysWhichKindCame) {
  if (is(Role::client)) {
    world.send_now(Role::dealer, Lane::control, Kind::request, kRequest, "abc", 3);
    world.send_now(Role::dealer, Lane::control, Kind::stop, kRequest, nullptr, 0);
  } else if (is(Role::dealer)) {
    const auto first = world.receive_any(Role::client, Lane::control, kRequest);
    const auto second = world.receive_any(Role::client, Lane::control, kRequest);
    EXPECT_EQ(first.first, Kind::request);
    EXPECT_EQ(std::string(first.second.begin(), first.second.end()), "abc");
    EXPECT_EQ(second.first, Kind::stop);
    EXPECT_TRUE(second.second.empty());
  }
}

TEST_F(FourRanks, WaitingSeesOnlyItsLaneAndSender) {
  if (is(Role::client)) world.send_now(Role::dealer, Lane::control, Kind::stop, kRequest, nullptr, 0);
  if (is(Role::dealer)) {
    world.idle_until_waiting(Role::client, Lane::control);
    EXPECT_TRUE(world.waiting(Role::client, Lane::control));
    EXPECT_FALSE(world.waiting(Role::client, Lane::dealing));
    EXPECT_FALSE(world.waiting(Role::server0, Lane::control));
    world.receive_now(Role::client, Lane::control, Kind::stop, kRequest);
    EXPECT_FALSE(world.waiting(Role::client, Lane::control));
  }
}

TEST_F(FourRanks, PollingFinishesWithoutWaiting) {
  if (is(Role::server1)) {
    Packet packet(8);
    Transfer transfer = world.receive(Role::server0, Lane::opening, Kind::opening, kRequest, packet);
    EXPECT_FALSE(world.finished(transfer));  // server 0 sends only when it was told to
    world.send_now(Role::server0, Lane::control, Kind::hello, kRequest, nullptr, 0);
    while (!world.finished(transfer)) world.idle();
    EXPECT_FALSE(static_cast<bool>(transfer));
    EXPECT_EQ(wrong_bytes(packet, Role::server0, Role::server1, 0), 0u);
  } else if (is(Role::server0)) {
    world.receive_now(Role::server1, Lane::control, Kind::hello, kRequest);
    Packet packet = patterned(Role::server0, Role::server1, 0, 8);
    Transfer transfer = world.send(Role::server1, Lane::opening, Kind::opening, kRequest, packet);
    world.finish(transfer);
  }
}

TEST_F(FourRanks, TrafficIsCountedExactly) {
  const std::vector<std::size_t> sizes = {0, 17, 5000, 3 << 20};
  std::size_t bytes = 0;
  for (const std::size_t size : sizes) {
    exchange_with_all(world, size, size);
    bytes += 3 * size;
  }
  EXPECT_EQ(world.sent(Lane::opening).messages, 3 * sizes.size());
  EXPECT_EQ(world.sent(Lane::opening).bytes, bytes);
  EXPECT_EQ(world.received(Lane::opening).messages, 3 * sizes.size());
  EXPECT_EQ(world.received(Lane::opening).bytes, bytes);
  for (const Lane lane : {Lane::control, Lane::dealing, Lane::output, Lane::collective}) {
    EXPECT_EQ(world.sent(lane).messages + world.received(lane).messages, 0u);
  }
}

TEST_F(FourRanks, WaitingTimeBelongsToItsLane) {
  constexpr auto kDelay = std::chrono::milliseconds(200);
  if (is(Role::server0)) {
    std::this_thread::sleep_for(kDelay);
    world.send_now(Role::server1, Lane::dealing, Kind::dealt, kRequest, nullptr, 0);
  } else if (is(Role::server1)) {
    world.receive_now(Role::server0, Lane::dealing, Kind::dealt, kRequest);
    EXPECT_GT(world.waited(Lane::dealing), 0.1);
    EXPECT_EQ(world.waited(Lane::opening), 0);
  }
}

TEST_F(FourRanks, GatherAllBringsEveryRanksBytes) {
  std::vector<std::string> expected;
  for (int rank = 0; rank < kParties; ++rank) expected.push_back(std::string(rank * 100000, static_cast<char>('a' + rank)));
  EXPECT_EQ(world.gather_all(expected[static_cast<int>(world.role())]), expected);
}

TEST_F(FourRanks, AgreeIsSilentWhereAllAreReady) { EXPECT_NO_THROW(world.agree("")); }

TEST_F(FourRanks, AgreeThrowsOneRanksTroubleOnAll) {
  try {
    world.agree(is(Role::server1) ? "there is no model" : "");
    FAIL() << "nobody noticed";
  } catch (const Disagreement& trouble) {
    EXPECT_STREQ(trouble.what(), "server 1: there is no model");
    EXPECT_EQ(trouble.mine, is(Role::server1));
  }
}

TEST_F(FourRanks, AgreeNamesAllThatHaveTrouble) {
  const std::vector<std::string> trouble = {"", "no model", "no disk", "no model"};
  try {
    world.agree(trouble[static_cast<int>(world.role())]);
    FAIL() << "nobody noticed";
  } catch (const Disagreement& all) {
    EXPECT_STREQ(all.what(), "server 0, dealer: no model; server 1: no disk");
    EXPECT_EQ(all.mine, is(Role::server0));
  }
}

TEST_F(FourRanks, APacketMayBeUsedAgainAndAgain) {
  if (!is(Role::server0) && !is(Role::server1)) return;
  const Role peer = is(Role::server0) ? Role::server1 : Role::server0;
  Packet mine(4096), theirs(4096);
  for (std::uint64_t number = 0; number < 200; ++number) {
    mine.size = number * 20;
    for (std::size_t i = 0; i < mine.size; ++i) mine.data()[i] = pattern(world.role(), peer, number, i);
    world.exchange(peer, Lane::opening, Kind::opening, kRequest, mine, theirs);
    ASSERT_EQ(theirs.size, number * 20);
    ASSERT_EQ(wrong_bytes(theirs, peer, world.role(), number), 0u);
  }
}

// What a packet carried is gone when its memory is given to the next one.
TEST_F(FourRanks, MemoryOfPacketsIsWipedAndReused) {
  constexpr std::size_t kBytes = 200000;
  const std::uint8_t* memory = nullptr;
  {
    Packet packet = patterned(world.role(), Role::client, 1, kBytes);
    memory = packet.data();
  }
  const Packet next(kBytes);
  ASSERT_EQ(next.data(), memory);
  std::size_t left = 0;
  for (std::size_t i = 0; i < kBytes; ++i) left += next.data()[i] != 0;
  EXPECT_EQ(left, 0u);
}

TEST_F(FourRanks, APacketIsNotGivenToTwoTransfersAtOnce) {
  if (!is(Role::server0)) return;
  Packet packet(8);
  Transfer transfer = world.receive(Role::server1, Lane::output, Kind::end, kRequest, packet);
  EXPECT_NE(error_of([&] { world.send(Role::client, Lane::output, Kind::end, kRequest, packet); }), "");
}

TEST_F(FourRanks, MoreThanThePacketHoldsIsNotSent) {
  Packet packet(8);
  packet.size = 9;
  EXPECT_NE(error_of([&] { world.send(Role::client, Lane::output, Kind::end, kRequest, packet); }), "");
}

}  // namespace
