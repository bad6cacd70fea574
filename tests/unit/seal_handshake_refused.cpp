// Every way in which somebody between two ranks may try to cheat, and ranks that do not fit together.
#include "seal_help.hpp"
#include "seal_pair.hpp"

namespace shardlm::seal {
namespace {

const Side kServer0 = side(1), kServer1 = side(2), kDealer = side(3);

TEST(SealHandshake, OtherIdentitiesAreRefused) {
  const Side stranger = side(2);
  Pair pair(kServer0, kServer1);
  Handshake other(stranger.identity, 2, 1, kServer0.identity.public_key(), kServer0.context);
  pair.a.take_hello(other.hello());
  other.take_hello(pair.a.hello());
  const std::string sentence = refusal([&] { pair.a.take_authentication(other.authenticate(View())); });
  EXPECT_TRUE(says(sentence, "has the identity " + to_text(stranger.identity.public_key())));
  EXPECT_TRUE(says(sentence, to_text(kServer1.identity.public_key()) + " is expected"));
  EXPECT_TRUE(says(refusal([&] { pair.a.keys(); }), "that failed cannot give keys"));
}

TEST(SealHandshake, OtherRolesAreRefused) {
  Pair pair(kServer0, kServer1);
  const Handshake dealer(kDealer.identity, 3, 1, kServer0.identity.public_key(), kDealer.context);
  EXPECT_TRUE(says(refusal([&] { pair.a.take_hello(dealer.hello()); }), "from role 3 to role 1, but the one awaited from 2 to 1"));
  const Handshake to_client(kServer1.identity, 2, 0, kServer0.identity.public_key(), kServer1.context);
  EXPECT_TRUE(says(refusal([&] { Pair(kServer0, kServer1).a.take_hello(to_client.hello()); }), "from role 2 to role 0"));
  const PublicKey& peer = kServer1.identity.public_key();
  EXPECT_TRUE(says(refusal([&] { Handshake(kServer0.identity, 1, 1, peer, "job"); }), "no handshake with itself"));
  EXPECT_TRUE(says(refusal([&] { Handshake(kServer0.identity, 1, 256, peer, "job"); }), "0 to 255"));
  EXPECT_TRUE(says(refusal([&] { Handshake(kServer0.identity, -1, 2, peer, "job"); }), "0 to 255"));
  EXPECT_TRUE(says(refusal([&] { Handshake(kServer0.identity, 1, 2, kServer0.identity.public_key(), "job"); }), "an identity of its own"));
}

TEST(SealHandshake, OtherContextsAreRefused) {
  Side other = kServer1;
  other.context += " ";
  Pair pair(kServer0, other);
  EXPECT_TRUE(says(refusal([&] { pair.a.take_hello(pair.b.hello()); }), "started for different jobs"));
  EXPECT_TRUE(says(refusal([&] { pair.b.take_hello(pair.a.hello()); }), "started for different jobs"));
}

TEST(SealHandshake, MessagesOfAnotherRunAreRefused) {
  Agreed earlier(kServer0, kServer1);
  const Bytes old_hello = earlier.pair.b.hello();
  {
    Pair pair(kServer0, kServer1);
    pair.greet();
    EXPECT_TRUE(says(refusal([&] { pair.a.take_authentication(earlier.from_b); }), "of another run"));
  }
  Pair pair(kServer0, kServer1);
  pair.a.take_hello(old_hello);
  EXPECT_TRUE(says(refusal([&] { pair.a.take_authentication(earlier.from_b); }), "of another run"));
}

TEST(SealHandshake, ReflectedMessagesAreRefused) {
  {
    Pair pair(kServer0, kServer1);
    EXPECT_TRUE(says(refusal([&] { pair.a.take_hello(pair.a.hello()); }), "came back to its sender"));
  }
  {  // with the roles mended
    Pair pair(kServer0, kServer1);
    Bytes hello = pair.a.hello();
    std::swap(hello[6], hello[7]);
    EXPECT_TRUE(says(refusal([&] { pair.a.take_hello(hello); }), "this rank's own key"));
  }
  Pair pair(kServer0, kServer1);
  pair.greet();
  Bytes mine = pair.a.authenticate(View());
  EXPECT_TRUE(says(refusal([&] { pair.a.take_authentication(mine); }), "came back to its sender"));
  Pair again(kServer0, kServer1);
  again.greet();
  mine = again.a.authenticate(View());
  std::swap(mine[6], mine[7]);
  EXPECT_TRUE(says(refusal([&] { again.a.take_authentication(mine); }), "of another run or was changed"));
}

TEST(SealHandshake, KeysOfLowOrderAreRefused) {
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    Pair pair(kServer0, kServer1);
    Bytes hello = pair.b.hello();
    const Bytes key = unhex(point);
    std::copy(key.begin(), key.end(), hello.begin() + 8);
    EXPECT_TRUE(says(refusal([&] { pair.a.take_hello(hello); }), "low order"));
  }
}

// Somebody in between with keys of their own, one for each side.
TEST(SealHandshake, NobodyCanStandBetween) {
  Pair pair(kServer0, kServer1);
  Handshake to_a(kServer1.identity, 2, 1, kServer0.identity.public_key(), kServer1.context);
  Bytes hello = pair.b.hello();
  std::copy_n(to_a.hello().begin() + 8, 32, hello.begin() + 8);
  pair.a.take_hello(hello);
  pair.b.take_hello(pair.a.hello());
  EXPECT_TRUE(says(refusal([&] { pair.a.take_authentication(pair.b.authenticate(View())); }), "of another run or was changed"));
}

TEST(SealHandshake, LengthsAreChecked) {
  const auto hello = [](const Bytes& message) { return refusal([&] { Pair(kServer0, kServer1).a.take_hello(message); }); };
  const Bytes whole = Pair(kServer0, kServer1).b.hello();
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_NE(hello(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))), "") << n;
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_TRUE(says(hello(longer), "has 105 bytes instead of 104"));
  EXPECT_TRUE(says(hello({}), "not the message of a handshake"));
  Pair other(kServer0, kServer1);
  other.greet();
  EXPECT_TRUE(says(hello(other.b.authenticate(View())), "not the message of a handshake"));

  const std::size_t size = Agreed(kServer0, kServer1).from_b.size();
  for (std::size_t n = 0; n <= size + 1; ++n) {
    if (n == size) continue;
    Pair pair(kServer0, kServer1);
    pair.greet();
    Bytes message = pair.b.authenticate(View());
    message.resize(n);
    EXPECT_NE(refusal([&] { pair.a.take_authentication(message); }), "") << n;
  }
  Pair pair(kServer0, kServer1);
  pair.greet();
  EXPECT_TRUE(says(refusal([&] { pair.b.authenticate(Bytes(kMostEvidence + 1)); }), "too long"));
  const Bytes most = pair.b.authenticate(Bytes(kMostEvidence, 5));
  EXPECT_EQ(most.size(), kMostAuthentication);
  EXPECT_EQ(pair.a.take_authentication(most), Bytes(kMostEvidence, 5));
  Bytes beyond = Bytes(kMostAuthentication + 1);
  std::copy_n(most.begin(), 8, beyond.begin());
  Pair last(kServer0, kServer1);
  last.greet();
  EXPECT_TRUE(says(refusal([&] { last.a.take_authentication(beyond); }), "at most"));
}

TEST(SealHandshake, OtherVersionsAreRefused) {
  Pair pair(kServer0, kServer1);
  Bytes hello = pair.b.hello();
  hello[4] = 2;
  EXPECT_TRUE(says(refusal([&] { pair.a.take_hello(hello); }), "speaks version 2 of the handshake and this one version 1"));
}

}  // namespace
}  // namespace shardlm::seal
