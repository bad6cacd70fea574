// The handshake: that it works, in any order of its messages, and that every bit of them counts.
#include "seal_help.hpp"
#include "seal_pair.hpp"

namespace shardlm::seal {
namespace {

const Side kServer0 = side(1), kServer1 = side(2);

TEST(SealHandshake, WorksForAllPairsOfRoles) {
  std::vector<Side> sides;
  for (int role = 0; role < 4; ++role) {
    sides.push_back(side(role));
    sides.back().evidence = Bytes(1000 * role, static_cast<std::uint8_t>(role));
  }
  std::vector<Key> keys;
  for (int a = 0; a < 4; ++a)
    for (int b = 0; b < 4; ++b) {
      if (a == b) continue;
      const Agreed agreed(sides[a], sides[b]);
      const Keys left = agreed.pair.a.keys(), right = agreed.pair.b.keys();
      EXPECT_EQ(left.send.bytes, right.receive.bytes);
      EXPECT_EQ(left.receive.bytes, right.send.bytes);
      EXPECT_EQ(agreed.evidence_of_a, sides[a].evidence);
      EXPECT_EQ(agreed.evidence_of_b, sides[b].evidence);
      EXPECT_EQ(agreed.pair.a.transcript(), agreed.pair.b.transcript());
      keys.push_back(left.send);
      keys.push_back(left.receive);
    }
  for (std::size_t i = 0; i < keys.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(keys[i].bytes, keys[k].bytes) << "directions, pairs and runs have keys of their own";
}

TEST(SealHandshake, TheOrderInWhichMessagesComeDoesNotMatter) {
  Pair pair(kServer0, kServer1);
  pair.b.take_hello(pair.a.hello());
  const Bytes from_b = pair.b.authenticate("evidence");
  pair.a.take_hello(pair.b.hello());
  EXPECT_EQ(pair.a.take_authentication(from_b), Bytes({'e', 'v', 'i', 'd', 'e', 'n', 'c', 'e'}));
  EXPECT_TRUE(pair.b.take_authentication(pair.a.authenticate(View())).empty());
  EXPECT_EQ(pair.a.keys().send.bytes, pair.b.keys().receive.bytes);
}

TEST(SealHandshake, EvidenceIsBoundToItsSide) {
  Pair pair(kServer0, kServer1);
  pair.greet();
  EXPECT_EQ(pair.a.binding(), pair.b.peer_binding());
  EXPECT_EQ(pair.b.binding(), pair.a.peer_binding());
  EXPECT_NE(pair.a.binding(), pair.b.binding()) << "or one side could present the other's own evidence to it";
  EXPECT_NE(pair.a.binding(), pair.a.transcript());
}

// Two runs of the same two ranks share nothing that could be seen; nor does a message show an identity or evidence.
TEST(SealHandshake, RunsAreUnrelated) {
  Side with_evidence = kServer1;
  with_evidence.evidence = Bytes(64, 7);
  const Agreed first(kServer0, with_evidence), second(kServer0, with_evidence);
  EXPECT_NE(first.pair.a.keys().send.bytes, second.pair.a.keys().send.bytes);
  EXPECT_NE(first.pair.a.keys().send.bytes, second.pair.a.keys().receive.bytes);
  EXPECT_NE(first.pair.a.transcript(), second.pair.a.transcript());
  EXPECT_FALSE(std::equal(first.from_b.begin() + 8, first.from_b.end(), second.from_b.begin() + 8));
  for (const Bytes& message : {first.pair.a.hello(), first.pair.b.hello(), first.from_a, first.from_b}) {
    const auto holds = [&](const auto& piece) {
      return std::search(message.begin(), message.end(), piece.begin(), piece.end()) != message.end();
    };
    EXPECT_FALSE(holds(kServer0.identity.public_key()) || holds(kServer1.identity.public_key()) || holds(Bytes(16, 7)));
  }
}

TEST(SealHandshake, EveryBitOfAHelloCounts) {
  for (std::size_t bit = 0; bit < 8 * kHelloSize; ++bit) {
    Pair pair(kServer0, kServer1);
    pair.b.take_hello(pair.a.hello());
    const std::string at_once = refusal([&] { pair.a.take_hello(flipped(pair.b.hello(), bit)); });
    const std::string later = !at_once.empty() ? at_once : refusal([&] { pair.a.take_authentication(pair.b.authenticate("evidence")); });
    ASSERT_NE(later, "") << "bit " << bit;
    ASSERT_NE(refusal([&] { pair.a.keys(); }), "") << "bit " << bit;
    if (at_once.empty()) {
      ASSERT_NE(refusal([&] { pair.b.take_authentication(pair.a.authenticate(View())); }), "");
    }
  }
}

TEST(SealHandshake, EveryBitOfAnAuthenticationCounts) {
  Side with_evidence = kServer1;
  with_evidence.evidence = Bytes(40, 7);
  const std::size_t size = Agreed(kServer0, with_evidence).from_b.size();
  ASSERT_EQ(size, 8u + 128 + 40 + 16);
  for (std::size_t bit = 0; bit < 8 * size; ++bit) {
    Pair pair(kServer0, with_evidence);
    pair.greet();
    const Bytes message = flipped(pair.b.authenticate(with_evidence.evidence), bit);
    ASSERT_NE(refusal([&] { pair.a.take_authentication(message); }), "") << "bit " << bit;
    ASSERT_NE(refusal([&] { pair.a.keys(); }), "") << "bit " << bit;
  }
}

TEST(SealHandshake, StepsOutOfOrderAreRefused) {
  Pair pair(kServer0, kServer1);
  EXPECT_TRUE(says(refusal([&] { pair.a.transcript(); }), "a step before it is missing"));
  EXPECT_TRUE(says(refusal([&] { pair.a.binding(); }), "a step before it is missing"));
  EXPECT_TRUE(says(refusal([&] { pair.a.authenticate(View()); }), "a step before it is missing"));
  EXPECT_TRUE(says(refusal([&] { pair.a.take_authentication(View()); }), "a step before it is missing"));
  EXPECT_TRUE(says(refusal([&] { pair.a.keys(); }), "a step before it is missing"));
  pair.greet();
  EXPECT_TRUE(says(refusal([&] { pair.a.take_hello(pair.b.hello()); }), "done already"));
  const Bytes from_b = pair.b.authenticate(View());
  EXPECT_TRUE(says(refusal([&] { pair.b.authenticate(View()); }), "done already"));
  pair.a.take_authentication(from_b);
  EXPECT_TRUE(says(refusal([&] { pair.a.take_authentication(from_b); }), "done already"));
  EXPECT_TRUE(says(refusal([&] { pair.a.keys(); }), "a step before it is missing")) << "its own authentication";
  pair.b.take_authentication(pair.a.authenticate(View()));
  EXPECT_EQ(pair.a.keys().send.bytes, pair.b.keys().receive.bytes) << "calls out of order did no harm";
}

TEST(SealHandshake, AFailureIsFinal) {
  Pair pair(kServer0, kServer1);
  EXPECT_NE(refusal([&] { pair.a.take_hello(flipped(pair.b.hello(), 0)); }), "");
  EXPECT_TRUE(says(refusal([&] { pair.a.take_hello(pair.b.hello()); }), "begin a new one"));
  EXPECT_TRUE(says(refusal([&] { pair.a.authenticate(View()); }), "begin a new one"));
}

}  // namespace
}  // namespace shardlm::seal
