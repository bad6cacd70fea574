// Secure channels between four real ranks: the same messages arrive, nothing readable travels, and what was touched on its way is refused
// with the names of the pair. The network is MPI_Isend, which this program stands in for (the standard's profiling interface).
#include <mpi.h>

#include <cstring>
#include <functional>
#include <set>

#include "net_ranks.hpp"
#include "shardlm/seal/key_files.hpp"

namespace {

// What the network does with a message of this rank: it may change the bytes, or ask that they be left out.
std::function<bool(std::uint8_t* bytes, int count, int to, int tag)> network;

}  // namespace

extern "C" int MPI_Isend(const void* bytes, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request) {
  auto* data = static_cast<std::uint8_t*>(const_cast<void*>(bytes));
  if (network && !network(data, count, to, tag)) {
    *request = MPI_REQUEST_NULL;
    return MPI_SUCCESS;
  }
  return PMPI_Isend(bytes, count, type, to, tag, comm, request);
}

namespace shardlm::net {
namespace {

constexpr std::uint64_t kRequest = 7;
constexpr int kOpenings = int(Lane::opening);

// The four identities of a test, the same on every rank.
seal::Identity identity_of(int rank, int generation = 0) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = std::uint8_t(rank + 1);
  seed[1] = std::uint8_t(generation);
  return seal::Identity(seal::Key(seed));
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class Secure : public FourRanks {
 protected:
  Secure() : identity_(identity_of(int(world.role()))) {
    for (int rank = 0; rank < kParties; ++rank) peers_[rank] = identity_of(rank).public_key();
  }
  ~Secure() override { network = nullptr; }
  void secure(World& which, const std::string& context = "a test") { which.secure({identity_, peers_, context}); }

  static Packet filled(std::size_t n, std::uint8_t with) {
    Packet packet(n);
    packet.size = n;
    for (std::size_t i = 0; i < n; ++i) packet.data()[i] = std::uint8_t(with + i * 7 + (i >> 8));
    return packet;
  }
  static bool is_filled(const Packet& packet, std::size_t n, std::uint8_t with) {
    if (packet.size != n) return false;
    for (std::size_t i = 0; i < n; ++i)
      if (packet.data()[i] != std::uint8_t(with + i * 7 + (i >> 8))) return false;
    return true;
  }
  void exchange_with_all(World& which, std::size_t n) {
    for (int distance = 1; distance < kParties; ++distance) {
      const int me = int(which.role()), peer = me ^ distance;
      Packet mine = filled(n, std::uint8_t(me)), theirs(n);
      which.exchange(Role(peer), Lane::opening, Kind::opening, kRequest, mine, theirs);
      ASSERT_TRUE(is_filled(theirs, n, std::uint8_t(peer))) << n;
    }
  }
  // Server 0 sends server 1 three openings over a network that does `evil` to them; what server 1 says of them.
  std::string heard(const decltype(network)& evil) {
    std::string said;
    if (is(Role::server0)) {
      network = [&](std::uint8_t* bytes, int count, int to, int tag) { return tag != kOpenings || evil(bytes, count, to, tag); };
      for (std::uint8_t i = 0; i < 3; ++i) {
        Packet packet = filled(1000, i);
        Transfer transfer = world.send(Role::server1, Lane::opening, Kind::opening, kRequest, packet);
        world.finish(transfer);
      }
      network = nullptr;
    }
    if (is(Role::server1))
      for (std::uint8_t i = 0; i < 3 && said.empty(); ++i)
        said = error_of([&] {
          Packet packet(1000);
          Transfer transfer = world.receive(Role::server0, Lane::opening, Kind::opening, kRequest, packet);
          world.finish(transfer);
          if (!is_filled(packet, 1000, i)) throw Error("another payload came");
        });
    return said;
  }
  void expect_untrusted(const std::string& said) {
    world.gather_all("");
    if (!is(Role::server1)) return;
    EXPECT_EQ(said.rfind("between server 0 and server 1: opening", 0), 0u) << said;
    EXPECT_NE(said.find("cannot be trusted"), std::string::npos) << said;
  }

  const seal::Identity identity_;
  std::array<seal::PublicKey, kParties> peers_{};
};

TEST_F(Secure, MessagesOfEverySizeArrive) {
  secure(world);
  EXPECT_TRUE(world.is_secure());
  for (const std::size_t n : {0, 1, 15, 16, 17, 65536, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3 << 20}) exchange_with_all(world, n);
}

TEST_F(Secure, SoDoLongOnesInManyParts) {
  World small(20, 1000);
  secure(small);
  for (const std::size_t n : {984, 985, 1000, 1001, 123457}) exchange_with_all(small, n);
  small.gather_all("");
}

TEST_F(Secure, AgreementsAndSmallMessagesAreSealedToo) {
  secure(world);
  const std::vector<std::string> all = world.gather_all("rank " + std::to_string(int(world.role())));
  for (int rank = 0; rank < kParties; ++rank) EXPECT_EQ(all[rank], "rank " + std::to_string(rank));
  EXPECT_THROW(world.agree(is(Role::dealer) ? "no more" : ""), Disagreement);
}

TEST_F(Secure, ALaterMessageMayBeWaitedForFirst) {
  secure(world);
  if (is(Role::server0))
    for (std::uint8_t i = 0; i < 4; ++i) {
      Packet packet = filled(5000, i);
      Transfer transfer = world.send(Role::server1, Lane::dealing, Kind::dealt, kRequest, packet);
      world.finish(transfer);
    }
  if (!is(Role::server1)) return;
  std::array<Packet, 4> packets;
  std::array<Transfer, 4> transfers;
  for (int i = 0; i < 4; ++i) {
    packets[i] = Packet(5000);
    transfers[i] = world.receive(Role::server0, Lane::dealing, Kind::dealt, kRequest, packets[i]);
  }
  for (const int i : {3, 1, 0, 2}) {
    world.finish(transfers[i]);
    EXPECT_TRUE(is_filled(packets[i], 5000, std::uint8_t(i)));
  }
}

// The same secret in plain sight without, and not with: what an eavesdropper looks for.
TEST_F(Secure, NothingReadableTravels) {
  const std::string secret = "sixteen known plaintext bytes that somebody may look for";
  const auto travels = [&] {
    std::size_t seen = 0;
    network = [&](std::uint8_t* bytes, int count, int, int) {
      const std::string sent(bytes, bytes + count);
      for (std::size_t at = 0; at + 16 <= secret.size(); ++at) seen += sent.find(secret.substr(at, 16)) != std::string::npos;
      return true;
    };
    for (int distance = 1; distance < kParties; ++distance) {
      const Role peer = Role(int(world.role()) ^ distance);
      Packet mine(secret.size()), theirs(secret.size());
      mine.size = secret.size();
      std::memcpy(mine.data(), secret.data(), secret.size());
      world.exchange(peer, Lane::dealing, Kind::dealt, kRequest, mine, theirs);
    }
    world.gather_all(secret);
    network = nullptr;
    return seen;
  };
  EXPECT_EQ(travels(), 6 * (secret.size() - 15));
  secure(world);
  EXPECT_EQ(travels(), 0u);
}

TEST_F(Secure, AMessageThatWasChangedIsRefusedWithTheNamesOfThePair) {
  secure(world);
  int messages = 0;
  expect_untrusted(heard([&](std::uint8_t* bytes, int, int, int) {
    if (messages++ == 1) bytes[500] ^= 4;
    return true;
  }));
}

TEST_F(Secure, SoIsOneWhoseTagWasChanged) {
  secure(world);
  expect_untrusted(heard([](std::uint8_t* bytes, int count, int, int) {
    bytes[count - 1] ^= 1;
    return true;
  }));
}

TEST_F(Secure, SoIsOneThatCameBefore) {
  secure(world);
  std::vector<std::uint8_t> before;
  const std::string said = heard([&](std::uint8_t* bytes, int count, int, int) {
    constexpr int kSequence = 16;  // of the header, in the clear: who replays a message would mend it
    if (before.empty()) {
      before.assign(bytes, bytes + count);
    } else {
      std::memcpy(bytes, before.data(), kSequence);
      std::memcpy(bytes + kSequence + 8, before.data() + kSequence + 8, std::size_t(count) - kSequence - 8);
    }
    return true;
  });
  expect_untrusted(said);
}

TEST_F(Secure, ALostMessageIsNoticed) {
  secure(world);
  int messages = 0;
  const std::string said = heard([&](std::uint8_t* bytes, int, int, int) {
    if (messages > 1) bytes[16] -= 1;  // as if nothing were missing
    return messages++ != 1;
  });
  expect_untrusted(said);
}

TEST_F(Secure, ItsOwnMessageIsNothingToAReceiver) {
  secure(world);
  // What server 1 sends to server 0 comes back to it, in the place of server 0's.
  std::string own;
  if (is(Role::server1)) {
    network = [&](std::uint8_t* bytes, int count, int, int tag) {
      if (tag == kOpenings) own.assign(bytes, bytes + count);
      return true;
    };
    Packet packet = filled(1000, 0);
    Transfer transfer = world.send(Role::server0, Lane::opening, Kind::opening, kRequest, packet);
    world.finish(transfer);
    network = nullptr;
  }
  if (is(Role::server0)) {
    Packet packet(1000);
    Transfer transfer = world.receive(Role::server1, Lane::opening, Kind::opening, kRequest, packet);
    world.finish(transfer);
  }
  const std::string reflected = world.gather_all(own)[int(Role::server1)];
  expect_untrusted(heard([&](std::uint8_t* bytes, int count, int, int) {
    EXPECT_EQ(std::size_t(count), reflected.size());
    std::memcpy(bytes, reflected.data(), reflected.size());
    return true;
  }));
}

std::string refusal(const std::function<void()>& secure) {
  try {
    secure();
  } catch (const Disagreement& trouble) {
    return trouble.what();
  }
  return "";
}

TEST_F(Secure, ARankWithAnotherIdentityIsRefusedByAllOthersInOneSentence) {
  const seal::Identity stranger = identity_of(int(Role::server1), 1);
  const seal::Identity& mine = is(Role::server1) ? stranger : identity_;
  const std::string said = refusal([&] { world.secure({mine, peers_, "a test"}); });
  for (const char* who : {"client", "server 0", "dealer"}) {
    if (who == std::string("client") && !is(Role::client)) continue;  // what a client says stays with it
    EXPECT_NE(said.find("the channel between " + std::string(who) + " and server 1 is refused"), std::string::npos) << said;
  }
  EXPECT_EQ(said.find("between server 1 and"), std::string::npos) << said;
  EXPECT_FALSE(world.is_secure());
}

TEST_F(Secure, ARankThatExpectsSomebodyElseSaysSo) {
  if (is(Role::dealer)) peers_[int(Role::client)] = identity_of(0, 5).public_key();
  const std::string said = refusal([&] { secure(world); });
  EXPECT_NE(said.find("the channel between dealer and client is refused"), std::string::npos) << said;
}

TEST_F(Secure, RanksOfTwoJobsDoNotTalk) {
  const std::string said = refusal([&] { secure(world, is(Role::server0) ? "another job" : "a job"); });
  EXPECT_NE(said.find("server 0 is refused"), std::string::npos) << said;
  EXPECT_NE(said.find("between server 0 and client is refused"), std::string::npos) << said;
}

TEST_F(Secure, EvidenceTravelsBoundToTheChannelAndMayBeRefused) {
  std::set<std::string> bindings;
  const auto evidence = [&](const seal::Digest& binding) { return seal::Bytes(binding.begin(), binding.end()); };
  int seen = 0;
  const auto verify = [&](Role peer, const seal::Bytes& bytes, const seal::Digest& binding) {
    ++seen;
    EXPECT_NE(peer, world.role());
    EXPECT_EQ(bytes, seal::Bytes(binding.begin(), binding.end()));
    bindings.insert(std::string(bytes.begin(), bytes.end()));
  };
  world.secure({identity_, peers_, "a test", evidence, verify});
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(bindings.size(), 3u);

  World other(20);
  const auto refuse = [](Role, const seal::Bytes&, const seal::Digest&) { throw Error("no machine of ours"); };
  const std::string said = refusal([&] {
    if (is(Role::dealer))
      other.secure({identity_, peers_, "a test", evidence, refuse});
    else
      other.secure({identity_, peers_, "a test", evidence, {}});
  });
  for (const char* who : {"client", "server 0", "server 1"})
    EXPECT_NE(said.find("between dealer and " + std::string(who) + " is refused: no machine of ours"), std::string::npos) << said;
}

}  // namespace
}  // namespace shardlm::net
