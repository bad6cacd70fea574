// An oblivious pseudorandom function: OPRF(ristretto255, SHA-512) in the mode OPRF (0x00) of RFC 9497, with its names.
//
// A sender has a key k, a receiver an input x. The receiver learns F_k(x) and nothing else about k; the sender learns nothing about x.
//
//   receiver   draws r, sends      B = r H(x)        draw_blind, blind
//   sender     sends back          E = k B           blind_evaluate
//   receiver   has                 F_k(x) = SHA-512(x, r^-1 E, "Finalize") with r^-1 E = k H(x)       finalize
//   sender     has the same from   k H(x)            evaluate
//
// The group has prime order and r is uniform but not 0, so B is a uniform element but the identity, whatever x is: no sender learns x
// from it, however much it computes. That F_k looks random wherever the receiver did not ask rests on the one-more gap Diffie-Hellman
// assumption, with SHA-512 as a random oracle (Jarecki, Kiayias, Krawczyk, ASIACRYPT 2014). A receiver that asks Q times under one key
// takes log2(Q) / 2 bits off the group's 126 in the best attack known (RFC 9497, section 7.2.3). The mode has no proofs: a receiver
// cannot tell which key an answer was made with.
//
// Constant time, by libsodium: products of elements and scalars, hashing to the group, inverses, SHA-512. Not hidden: the length of an
// input, and that something was refused. How long draw_blind takes says nothing about the blind that it returns. Scalars, outputs and
// all that lies between are wiped; what libsodium leaves in stack frames of its own is not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "shardlm/ot/bytes.hpp"

namespace shardlm::ot {

using Element = std::array<std::uint8_t, 32>;  // of ristretto255, encoded (RFC 9496); public, as it travels
using Scalar = Secret<32>;                     // an integer modulo the group's order, little-endian
using Output = Secret<64>;                     // F_k(x): uniform bytes for whoever lacks k and did not ask for x

// RFC 9380, section 5.3.1, with SHA-512: `bytes` uniform bytes, 255 * 64 at most. A tag longer than 255 bytes is hashed (5.3.3).
void expand_message_xmd(ByteView message, ByteView dst, std::uint8_t* out, std::size_t bytes);

// H(x), an element of which nobody knows the logarithm. Throws Error if it is the identity (the RFC's InvalidInputError), which no
// known input gives.
Element hash_to_group(ByteView input);

// As H, but to a scalar that may be 0, under a domain separation tag.
Scalar hash_to_scalar(ByteView input, ByteView dst);

// Every element from outside goes through this. Throws Error "<what> is not a point of ristretto255" where no element has this
// encoding, "<what> is the identity of ristretto255" where it is that; `what` is, say, "blinded element 3". blind_evaluate and
// finalize do the same, at no cost where all is well.
void check_element(const Element& element, const std::string& what);

// The sender's k.
class PrivateKey {
 public:
  explicit PrivateKey(const Scalar& scalar);  // throws Error unless it lies between 1 and the group's order - 1
  const Scalar& scalar() const { return scalar_; }

 private:
  Scalar scalar_;
};

PrivateKey random_key();
PrivateKey derive_key(ByteView seed, ByteView info);  // the RFC's DeriveKeyPair, without the public key; a seed has 32 bytes

// The receiver's r with its inverse. Hides one input once: with one blind, equal inputs give equal elements. Needs no input, so that it
// can be drawn while there is nothing else to do.
struct Blind {
  Scalar r, inverse;
};
Blind draw_blind();
Blind blind_with(const Scalar& r);  // for known answers; throws Error unless it lies between 1 and the group's order - 1

Element blind(ByteView input, const Blind& with);
struct Blinded {
  Blind blind;
  Element element;
};
Blinded blind(ByteView input);  // with a fresh one

Element blind_evaluate(const PrivateKey& key, const Element& blinded, const std::string& what = "the blinded element");

// `input` and `with` as for blind(). An input has 65535 bytes at most, here and in evaluate.
Output finalize(ByteView input, const Blind& with, const Element& evaluated, const std::string& what = "the evaluated element");

// F_k(x) for whoever has both.
Output evaluate(const PrivateKey& key, ByteView input);

}  // namespace shardlm::ot
