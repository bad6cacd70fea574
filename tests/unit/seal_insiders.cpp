// A peer that takes part in the handshake, knows all keys of its run, and cheats: written here a second time, from the description in
// handshake.hpp, so that every part of an authentication can be another one. Told the truth, it also says that the bytes are as described.
#include <cryptopp/hmac.h>
#include <cryptopp/sha.h>

#include "seal_help.hpp"
#include "seal_pair.hpp"
#include "shardlm/seal/aead.hpp"
#include "shardlm/seal/kdf.hpp"

namespace shardlm::seal {
namespace {

using std::string;

template <class C>
string str(const C& c) {
  return {reinterpret_cast<const char*>(c.data()), c.size()};
}

string label(const string& text) { return text + '\0'; }

Digest hash(const string& text) {
  Digest digest;
  CryptoPP::SHA256().CalculateDigest(digest.data(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return digest;
}

Digest mac_of(const Key& key, const string& text) {
  Digest digest;
  CryptoPP::HMAC<CryptoPP::SHA256>(key.data(), key.size())
      .CalculateDigest(digest.data(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return digest;
}

// Server 1, towards server 0, whose handshake is the real one.
struct Insider {
  static constexpr char kMe = 2, kThey = 1;

  explicit Insider(const Identity& peer) : identity(mine.identity), honest(peer, kThey, kMe, mine.identity.public_key(), mine.context) {
    hello = string("SLMH\x01\0", 6) + kMe + kThey + str(ephemeral.public_key()) + string(32, 'r') + str(hash(mine.context));
    transcript = str(hash(label("shardlm seal v1 hellos") + str(honest.hello()) + hello));
    PublicKey point;
    std::copy_n(honest.hello().begin() + 8, 32, point.begin());
    prk = hkdf_extract(transcript, ephemeral.agree(point));
    honest.take_hello(hello);
  }
  Key key(const string& use, char from, char to, const string& more = "") const { return hkdf_expand(prk, label(use) + from + to + more); }
  string signed_text(char from, char to, const string& of_evidence) const {
    return label("shardlm seal v1 signature") + from + to + transcript + str(hash(of_evidence));
  }
  string proof(const PublicKey& who, char from, char to) const {
    return str(mac_of(key("shardlm seal v1 mac", from, to), label("shardlm seal v1 identity") + from + to + str(who)));
  }
  string statement(const string& signature, const string& proof) const { return str(claimed) + signature + proof + evidence; }
  string honest_statement() const { return statement(str(identity.sign(signed_text(kMe, kThey, evidence))), proof(claimed, kMe, kThey)); }
  string sealed(string plain) const {
    const string frame = string("SLMA\x01\0", 6) + kMe + kThey;
    string tag(kTag, '\0');
    Aead(key("shardlm seal v1 authentication", kMe, kThey))
        .seal(Nonce{}, frame, reinterpret_cast<std::uint8_t*>(&plain[0]), plain.size(), reinterpret_cast<std::uint8_t*>(&tag[0]));
    return frame + plain + tag;
  }
  string told(const string& statement) {
    return refusal([&] { honest.take_authentication(sealed(statement)); });
  }

  Side mine = side(kMe);
  const Identity& identity;
  PublicKey claimed = mine.identity.public_key();
  EphemeralKey ephemeral;
  Handshake honest;
  string hello, transcript, evidence = "evidence";
  Key prk;
};

const Identity kVictim = Identity::generate();

TEST(SealInsiders, TheTruthIsAccepted) {
  Insider me(kVictim);
  EXPECT_EQ(str(me.honest.transcript()), me.transcript);
  const string mine = me.sealed(me.honest_statement());
  EXPECT_EQ(str(me.honest.take_authentication(mine)), "evidence");
  const string theirs = str(me.honest.authenticate(string("report")));

  const auto binding = [&](char from, char to, const PublicKey& who) {
    return hash(label("shardlm seal v1 evidence") + from + to + str(who) + me.transcript);
  };
  EXPECT_EQ(me.honest.binding(), binding(me.kThey, me.kMe, kVictim.public_key()));
  EXPECT_EQ(me.honest.peer_binding(), binding(me.kMe, me.kThey, me.claimed));

  string plain = theirs.substr(8, theirs.size() - 8 - kTag);
  ASSERT_TRUE(Aead(me.key("shardlm seal v1 authentication", me.kThey, me.kMe))
                  .open(Nonce{}, theirs.substr(0, 8), reinterpret_cast<std::uint8_t*>(&plain[0]), plain.size(),
                        reinterpret_cast<const std::uint8_t*>(&theirs[theirs.size() - kTag])));
  EXPECT_EQ(plain.substr(0, 32), str(kVictim.public_key()));
  Signature signature;
  std::copy_n(plain.begin() + 32, 64, signature.begin());
  EXPECT_TRUE(verify(kVictim.public_key(), me.signed_text(me.kThey, me.kMe, "report"), signature));
  EXPECT_EQ(plain.substr(96, 32), me.proof(kVictim.public_key(), me.kThey, me.kMe));
  EXPECT_EQ(plain.substr(128), "report");

  const string both = str(hash(label("shardlm seal v1 authentications") + me.transcript + str(hash(theirs)) + str(hash(mine))));
  EXPECT_EQ(me.honest.keys().send.bytes, me.key("shardlm seal v1 traffic", me.kThey, me.kMe, both).bytes);
  EXPECT_EQ(me.honest.keys().receive.bytes, me.key("shardlm seal v1 traffic", me.kMe, me.kThey, both).bytes);
}

TEST(SealInsiders, AnIdentityWithoutItsSecretIsRefused) {
  Insider me(kVictim);
  const string sentence =
      me.told(me.statement(str(Identity::generate().sign(me.signed_text(2, 1, "evidence"))), me.proof(me.claimed, 2, 1)));
  EXPECT_TRUE(says(sentence, "does not hold that identity's secret"));
}

TEST(SealInsiders, AnotherIdentityIsRefused) {
  Insider me(kVictim);
  const Identity other = Identity::generate();
  me.claimed = other.public_key();
  EXPECT_TRUE(
      says(me.told(me.statement(str(other.sign(me.signed_text(2, 1, "evidence"))), me.proof(me.claimed, 2, 1))), "is expected of it"));
}

TEST(SealInsiders, TheVictimsOwnIdentityIsRefused) {
  Insider me(kVictim);
  me.claimed = kVictim.public_key();
  EXPECT_TRUE(
      says(me.told(me.statement(str(kVictim.sign(me.signed_text(1, 2, "evidence"))), me.proof(me.claimed, 1, 2))), "is expected of it"));
}

TEST(SealInsiders, SignaturesOfOtherThingsAreRefused) {
  const auto told = [](const auto& text_of) {
    Insider me(kVictim);
    return me.told(me.statement(str(me.identity.sign(text_of(me))), me.proof(me.claimed, 2, 1)));
  };
  EXPECT_EQ(told([](Insider& me) { return me.signed_text(2, 1, "evidence"); }), "");
  const string expected = "signature is not that of";
  EXPECT_TRUE(says(told([](Insider& me) { return me.signed_text(1, 2, "evidence"); }), expected)) << "the other direction";
  EXPECT_TRUE(says(told([](Insider& me) { return me.signed_text(2, 3, "evidence"); }), expected)) << "to another role";
  EXPECT_TRUE(says(told([](Insider& me) { return me.signed_text(3, 1, "evidence"); }), expected)) << "in another role";
  EXPECT_TRUE(says(told([](Insider& me) { return me.signed_text(2, 1, "Evidence"); }), expected)) << "other evidence";
  EXPECT_TRUE(says(told([](Insider& me) { return me.signed_text(2, 1, ""); }), expected)) << "no evidence";
  EXPECT_TRUE(says(told([](Insider& me) { return me.transcript = string(32, 't'), me.signed_text(2, 1, "evidence"); }), expected))
      << "another run";
  EXPECT_TRUE(says(told([](Insider& me) { return me.signed_text(2, 1, "evidence").substr(1); }), expected)) << "another label";
}

// What the HMAC is for: a signature of this run by one who does not know the run's keys must not do.
TEST(SealInsiders, ASignatureWithoutTheKeysIsRefused) {
  const string expected = "does not prove that it knows the keys";
  for (const char* kind : {"zero", "direction", "who"}) {
    Insider me(kVictim);
    const string proof = kind[0] == 'z'   ? string(32, '\0')
                         : kind[0] == 'd' ? me.proof(me.claimed, 1, 2)
                                          : me.proof(kVictim.public_key(), 2, 1);
    EXPECT_TRUE(says(me.told(me.statement(str(me.identity.sign(me.signed_text(2, 1, "evidence"))), proof)), expected)) << kind;
  }
}

TEST(SealInsiders, StatementsThatAreTooShortAreRefused) {
  for (std::size_t n = 0; n < 128; ++n) {
    Insider me(kVictim);
    EXPECT_TRUE(says(me.told(me.honest_statement().substr(0, n)), "128 to")) << n;
  }
}

// Every bit that the peer says, even where it may seal what it wants.
TEST(SealInsiders, EveryBitOfAStatementCounts) {
  const std::size_t bits = 8 * Insider(kVictim).honest_statement().size();
  for (std::size_t bit = 0; bit < bits; ++bit) {
    Insider me(kVictim);
    string statement = me.honest_statement();
    statement[bit / 8] ^= static_cast<char>(1 << bit % 8);
    ASSERT_NE(me.told(statement), "") << bit;
  }
}

}  // namespace
}  // namespace shardlm::seal
