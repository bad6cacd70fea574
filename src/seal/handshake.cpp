#include "shardlm/seal/handshake.hpp"

#include <algorithm>

#include "hash.hpp"
#include "messages.hpp"
#include "shardlm/seal/aead.hpp"
#include "shardlm/seal/kdf.hpp"

namespace shardlm::seal {
namespace {

std::uint8_t role(int number) {
  if (number < 0 || number > 255) throw Error("a role number must be 0 to 255, not " + std::to_string(number));
  return static_cast<std::uint8_t>(number);
}

constexpr const char *kAuthentication = "SLMA", *kSealUse = "shardlm seal v1 authentication", *kMacUse = "shardlm seal v1 mac",
                     *kTrafficUse = "shardlm seal v1 traffic";
constexpr Nonce kOnce{};  // a key of an authentication seals that one alone

// Labels end with a zero byte, so that none is the beginning of another.
View label(const char* text) { return {text, View(text).size + 1}; }

void append(Bytes& bytes, std::initializer_list<View> pieces) {
  for (const View& piece : pieces) bytes.insert(bytes.end(), piece.data, piece.data + piece.size);
}

using Direction = std::array<std::uint8_t, 2>;  // sender, receiver

// What an identity signs.
Bytes signed_bytes(const Direction& way, const Digest& transcript, View evidence) {
  Bytes bytes;
  append(bytes, {label("shardlm seal v1 signature"), way, transcript, sha256({evidence})});
  return bytes;
}

Digest identity_mac(const Key& key, const Direction& way, const PublicKey& identity) {
  Digest mac;
  hmac(key, {label("shardlm seal v1 identity"), way, identity}, mac.data());
  return mac;
}

}  // namespace

Handshake::Handshake(const Identity& identity, int self, int peer, const PublicKey& expected, View context)
    : identity_(identity), self_(role(self)), peer_(role(peer)), expected_(expected), context_(sha256({context})) {
  if (self_ == peer_) throw Error("a rank has no handshake with itself: both roles are " + std::to_string(self));
  if (expected_ == identity_.public_key())
    throw Error("the identity that is expected of the other rank is this rank's own, " + to_text(expected_) +
                "; give every rank an identity of its own");
  Hello hello{ephemeral_.public_key(), {}, context_};
  random_bytes(hello.random.data(), hello.random.size());
  hello_ = write_hello(hello, self_, peer_);
}

// After an Error nothing is left to go on with.
template <class F>
auto Handshake::step(const F& f) {
  try {
    return f();
  } catch (...) {
    failed_ = true;
    ephemeral_.forget();
    prk_ = Key();
    throw;
  }
}

void Handshake::require(bool in_order, const char* what) const {
  if (failed_) throw Error(std::string("a handshake that failed cannot ") + what + "; begin a new one");
  if (!in_order) throw Error(std::string("a handshake cannot ") + what + " now: a step before it is missing, or it was done already");
}

void Handshake::take_hello(View message) {
  require(!greeted_, "take a hello");
  step([&] {
    const Hello theirs = read_hello(message, peer_, self_);
    if (theirs.context != context_)
      throw Error(
          "the two ranks were started for different jobs: program, protocol, options or model differ; start all ranks with the same");
    if (theirs.key == ephemeral_.public_key())
      throw Error("the other rank shows this rank's own key of this run; it does not follow the protocol");
    const View mine = hello_;
    transcript_ = sha256({label("shardlm seal v1 hellos"), self_ < peer_ ? mine : message, self_ < peer_ ? message : mine});
    prk_ = hkdf_extract(transcript_, ephemeral_.agree(theirs.key));
    ephemeral_.forget();
    greeted_ = true;
  });
}

Digest Handshake::transcript() const {
  require(greeted_, "give its transcript");
  return transcript_;
}

Digest Handshake::binding() const { return binding_of(true); }
Digest Handshake::peer_binding() const { return binding_of(false); }

Digest Handshake::binding_of(bool own) const {
  require(greeted_, "give what evidence is bound to");
  return sha256({label("shardlm seal v1 evidence"), direction(own), own ? identity_.public_key() : expected_, transcript_});
}

std::array<std::uint8_t, 2> Handshake::direction(bool sending) const { return {sending ? self_ : peer_, sending ? peer_ : self_}; }

Key Handshake::key_for(const char* use, bool sending, View more) const {
  Bytes info;
  append(info, {label(use), direction(sending), more});
  return hkdf_expand(prk_, info);
}

Bytes Handshake::authenticate(View evidence) {
  require(greeted_ && !spoke_, "authenticate");
  if (evidence.size > kMostEvidence)
    throw Error("evidence of " + std::to_string(evidence.size) + " bytes is too long; at most " + std::to_string(kMostEvidence) +
                " are possible");
  return step([&] {
    const Direction way = direction(true);
    const PublicKey& own = identity_.public_key();
    const Statement statement{own, identity_.sign(signed_bytes(way, transcript_, evidence)), identity_mac(key_for(kMacUse, true), way, own),
                              Bytes(evidence.data, evidence.data + evidence.size)};
    Bytes message = frame(kAuthentication, self_, peer_);
    append(message, {write_statement(statement)});
    const std::size_t n = message.size() - kFrame;
    message.resize(kFrame + n + kTag);
    std::uint8_t* plain = message.data() + kFrame;
    Aead(key_for(kSealUse, true)).seal(kOnce, View(message.data(), kFrame), plain, n, plain + n);
    sent_ = sha256({message});
    spoke_ = true;
    return message;
  });
}

Bytes Handshake::take_authentication(View message) {
  require(greeted_ && !heard_, "take an authentication");
  return step([&] {
    check_frame(message, kAuthentication, peer_, self_);
    if (message.size < kFrame + kTag || message.size > kMostAuthentication)
      throw Error("the other rank's authentication has " + std::to_string(message.size) + " bytes; at most " +
                  std::to_string(kMostAuthentication) + " are possible");
    Bytes plain(message.data + kFrame, message.data + message.size - kTag);
    if (!Aead(key_for(kSealUse, false))
             .open(kOnce, View(message.data, kFrame), plain.data(), plain.size(), message.data + message.size - kTag))
      throw Error("the other rank's authentication is of another run or was changed on its way; look at what is between the two machines");
    Statement statement = read_statement(plain);
    check(statement);
    received_ = sha256({message});
    heard_ = true;
    return std::move(statement.evidence);
  });
}

void Handshake::check(const Statement& statement) const {
  if (statement.identity != expected_)
    throw Error("the other rank has the identity " + to_text(statement.identity) + ", but " + to_text(expected_) +
                " is expected of it; if it is to be trusted, name it in this rank's list of identities");
  const Direction way = direction(false);
  if (!equal(statement.mac, identity_mac(key_for(kMacUse, false), way, expected_)))
    throw Error("the other rank does not prove that it knows the keys of this run; it does not follow the protocol");
  if (!verify(expected_, signed_bytes(way, transcript_, statement.evidence), statement.signature))
    throw Error("the other rank's signature is not that of " + to_text(expected_) + "; it does not hold that identity's secret");
}

Keys Handshake::keys() const {
  require(spoke_ && heard_, "give keys");
  const bool lower = self_ < peer_;
  const Digest both = sha256({label("shardlm seal v1 authentications"), transcript_, lower ? sent_ : received_, lower ? received_ : sent_});
  return {key_for(kTrafficUse, true, both), key_for(kTrafficUse, false, both)};
}

}  // namespace shardlm::seal
