// Two ranks agree on keys, and each learns that the other is who it should be: SIGMA (Krawczyk, CRYPTO 2003), with both sides
// alike, because both speak at once. Bytes in, bytes out; the caller carries them.
//
//   hello              frame, X25519 key g^x of this run, 32 random bytes, SHA-256 of the job's context
//   th                 SHA-256(label, hello of the lower role, hello of the higher role)
//   prk                HKDF-Extract(salt th, g^xy); every key below is HKDF-Expand(prk, label, sender, receiver, ...)
//   authentication     frame, then under AES-256-GCM with a key of its direction:
//                      identity A, Sign_A(label, sender, receiver, th, SHA-256(evidence)), HMAC(label, sender, receiver, A), evidence
//   traffic keys       one a direction, whose label goes with SHA-256(label, th, both authentications as they travelled)
//
// A frame is four letters, the version, sender and receiver. All lengths are fixed but that of the evidence, which is what is left.
//
// What each part does, against who controls the network and may take part under identities of its own:
//   - The keys of this run are forgotten with it, so whoever steals identities later reads nothing of before (forward secrecy).
//   - The signature says that the holder of A took part in this run, in this role, towards this peer, and presents this evidence. th has
//     both keys, both random numbers, both roles and the context in it: nothing of another run, another pair or another job fits.
//   - The HMAC under a key of this run says that the holder of A knows g^xy. Without it, a peer could sign what others agreed on, and one
//     side would think that it shares its keys with somebody else (unknown key share, identity misbinding).
//   - The identity must be the one that is expected of the role. Who knows a rank's own secret seed can pose as that rank, but not as
//     others to that rank (no key compromise impersonation).
//   - Reflection: roles differ and are signed, keys belong to a direction, and no two ranks may have one identity.
//   - Downgrade: there is one version and one choice of algorithms, both under the signature; another version is refused.
//   - The encryption hides identities and evidence from onlookers only: who asks first learns who answers. Hiding more is no goal.
//   - The peer's keys are confirmed by its authentication; that the peer has accepted ours is confirmed by the first message it seals.
//
// Evidence (an attestation report) says on what machine and program a rank runs. It must carry binding() as its user data, and the
// verifier must demand peer_binding(). th alone would not do: both sides have the same, so that a peer without any protected machine
// could present our own evidence to us.
#pragma once

#include "shardlm/seal/agreement.hpp"

namespace shardlm::seal {

constexpr std::size_t kMostEvidence = std::size_t{256} << 10;
constexpr std::size_t kHelloSize = 104;
constexpr std::size_t kMostAuthentication = 8 + 128 + kMostEvidence + 16;

// Traffic keys: for a Sealer and an Opener of channel.hpp.
struct Keys {
  Key send, receive;
};

struct Statement;

// One side of one run. Whatever does not fit throws Error, after which the object is of no more use and holds no secret; the sentence
// says what is wrong, and the caller between which ranks. Calls out of order throw too.
class Handshake {
 public:
  // self, peer: role numbers, 0 to 255. expected: the peer's identity. context: what both must have in common (program, protocol, shapes).
  // The identity must outlive this object.
  Handshake(const Identity& identity, int self, int peer, const PublicKey& expected, View context);
  Handshake(Identity&& identity, int self, int peer, const PublicKey& expected, View context) = delete;
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  const Bytes& hello() const { return hello_; }  // to the peer, first
  void take_hello(View message);                 // the peer's

  // From then on.
  Digest transcript() const;    // th, the same on both sides
  Digest binding() const;       // SHA-256(label, self, peer, own identity, th): the user data of own evidence,
  Digest peer_binding() const;  // and what the peer's must have in its place

  Bytes authenticate(View evidence);        // to the peer, once; the evidence may be empty
  Bytes take_authentication(View message);  // the peer's; gives its evidence, which the caller must verify before it trusts the peer
  Keys keys() const;                        // when both are done

 private:
  template <class F>
  auto step(const F& f);
  void require(bool in_order, const char* what) const;
  void check(const Statement& statement) const;
  Digest binding_of(bool own) const;
  std::array<std::uint8_t, 2> direction(bool sending) const;  // sender, receiver
  Key key_for(const char* use, bool sending, View more = {}) const;

  const Identity& identity_;
  std::uint8_t self_, peer_;
  PublicKey expected_;
  Digest context_;
  EphemeralKey ephemeral_;
  Bytes hello_;
  Digest transcript_{};
  Key prk_;
  Digest sent_{}, received_{};  // SHA-256 of the authentications
  bool failed_ = false, greeted_ = false, spoke_ = false, heard_ = false;
};

}  // namespace shardlm::seal
