// Two ranks and the handshake between them.
#pragma once

#include "shardlm/seal/handshake.hpp"

namespace shardlm::seal {

struct Side {
  Identity identity = Identity::generate();
  int role = 0;
  std::string context = "program 1, protocol v3-cc, hidden 896";
  Bytes evidence;
};

struct Pair {
  Pair(const Side& left, const Side& right)
      : a(left.identity, left.role, right.role, right.identity.public_key(), left.context),
        b(right.identity, right.role, left.role, left.identity.public_key(), right.context) {}
  void greet() {
    a.take_hello(b.hello());
    b.take_hello(a.hello());
  }

  Handshake a, b;
};

// The whole of it.
struct Agreed {
  Agreed(const Side& left, const Side& right) : pair(left, right) {
    pair.greet();
    from_a = pair.a.authenticate(left.evidence);
    from_b = pair.b.authenticate(right.evidence);
    evidence_of_a = pair.b.take_authentication(from_a);
    evidence_of_b = pair.a.take_authentication(from_b);
  }

  Pair pair;
  Bytes from_a, from_b, evidence_of_a, evidence_of_b;
};

inline Side side(int role) {
  Side s;
  s.role = role;
  return s;
}

inline Bytes flipped(Bytes message, std::size_t bit) {
  message[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  return message;
}

}  // namespace shardlm::seal
