// A job whose four ranks talk until something happens to it; tests/end_to_end/net_faults.py makes it happen.
//
//   fault_program SCENARIO RANK TIMEOUT       RANK: whom it concerns; TIMEOUT: of a wait, in seconds
//
// Every rank says on stdout that it is ready, with its process's number.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "shardlm/net/run.hpp"

using namespace shardlm;
using namespace shardlm::net;

namespace {

void ready(const World& world) {
  std::printf("ready %d %d\n", static_cast<int>(world.role()), static_cast<int>(getpid()));
  std::fflush(stdout);
}

void sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

// One round in which every rank hears from every other one.
void talk(World& world, std::uint64_t round) {
  Packet mine(100000), theirs(100000);
  mine.size = 100000;
  std::memset(mine.data(), static_cast<int>(round), mine.size);
  for (int distance = 1; distance < kParties; ++distance) {
    const auto peer = static_cast<Role>(static_cast<int>(world.role()) ^ distance);
    world.exchange(peer, Lane::opening, Kind::opening, round, mine, theirs);
  }
}

int talk_for_ever(World& world) {
  for (std::uint64_t round = 0;; ++round) {
    if (round == 20) ready(world);
    talk(world, round);
    sleep(1e-3);
  }
}

// Server 0 computes for long, without a look at its messages; the others wait for it.
int compute(World& world) {
  ready(world);
  if (world.role() == Role::server0) sleep(60);
  world.gather_all("");
  return 0;
}

int throw_in_the_middle(World& world, Role who) {
  for (std::uint64_t round = 0;; ++round) {
    if (round == 20) ready(world);
    if (round == 50 && world.role() == who) throw Error("the disk is full");
    talk(world, round);
  }
}

int allocate_too_much(World& world, Role who) {
  talk(world, 0);
  if (world.role() == who) throw std::bad_alloc();
  return talk_for_ever(world);
}

// The others are through with their work already.
int throw_late(World& world, Role who) {
  talk(world, 0);
  if (world.role() != who) return 0;
  sleep(0.5);
  throw Error("the disk is full");
}

int disagree(World& world, Role who) {
  talk(world, 0);
  Packet unused(1000);
  const auto next = static_cast<Role>((static_cast<int>(world.role()) + 1) % kParties);
  Transfer posted = world.receive(next, Lane::dealing, Kind::dealt, 1, unused);  // orderly ends leave such things behind
  world.agree(world.role() == who ? "there is no model" : "");
  return 0;
}

int body(World& world, const std::string& scenario, Role who, double timeout) {
  world.set_timeout(timeout);
  if (scenario == "fine") return talk(world, 0), 0;
  if (scenario == "code") return world.role() == who ? 3 : 0;
  if (scenario == "talk") return talk_for_ever(world);
  if (scenario == "compute") return compute(world);
  if (scenario == "throw") return throw_in_the_middle(world, who);
  if (scenario == "memory") return allocate_too_much(world, who);
  if (scenario == "late") return throw_late(world, who);
  if (scenario == "disagree") return disagree(world, who);
  throw Error("there is no scenario " + scenario);
}

}  // namespace

int main(int argc, char** argv) {
  return run(argc, argv, [&](World& world) {
    if (argc != 4) throw Error("usage: fault_program SCENARIO RANK TIMEOUT");
    return body(world, argv[1], static_cast<Role>(std::atoi(argv[2])), std::atof(argv[3]));
  });
}
