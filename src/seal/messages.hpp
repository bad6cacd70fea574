// The two messages of a handshake, as bytes.
#pragma once

#include "shardlm/seal/handshake.hpp"

namespace shardlm::seal {

constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kFrame = 8;
constexpr std::size_t kStatement = 32 + 64 + 32;  // identity, signature, MAC: an authentication without its evidence

struct Hello {
  PublicKey key;  // X25519
  std::array<std::uint8_t, 32> random;
  Digest context;
};

struct Statement {
  PublicKey identity;
  Signature signature;
  Digest mac;
  Bytes evidence;
};

// Begins a message: what it is ("SLMH", "SLMA"), the version, from whom to whom.
Bytes frame(const char* letters, std::uint8_t sender, std::uint8_t receiver);
// Error unless a message begins so; "came back" where it is one's own.
void check_frame(View message, const char* letters, std::uint8_t sender, std::uint8_t receiver);

Bytes write_hello(const Hello& hello, std::uint8_t sender, std::uint8_t receiver);
Hello read_hello(View message, std::uint8_t sender, std::uint8_t receiver);

// What is encrypted in an authentication.
Bytes write_statement(const Statement& statement);
Statement read_statement(View plain);

}  // namespace shardlm::seal
