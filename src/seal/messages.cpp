#include "messages.hpp"

#include <cstring>

namespace shardlm::seal {
namespace {

template <class T>
void add(Bytes& message, const T& bytes) {
  message.insert(message.end(), bytes.begin(), bytes.end());
}

template <class T>
void take(const std::uint8_t*& at, T& bytes) {
  std::memcpy(bytes.data(), at, bytes.size());
  at += bytes.size();
}

}  // namespace

Bytes frame(const char* letters, std::uint8_t sender, std::uint8_t receiver) {
  const auto letter = [letters](int i) { return static_cast<std::uint8_t>(letters[i]); };
  return {letter(0), letter(1), letter(2), letter(3), kVersion & 0xff, kVersion >> 8, sender, receiver};
}

void check_frame(View message, const char* letters, std::uint8_t sender, std::uint8_t receiver) {
  if (message.size < kFrame || std::memcmp(message.data, letters, 4) != 0)
    throw Error("what came is not the message of a handshake that was awaited; start all ranks with the same program and protocol");
  const int version = message.data[4] | message.data[5] << 8;
  if (version != kVersion)
    throw Error("the other rank speaks version " + std::to_string(version) + " of the handshake and this one version " +
                std::to_string(kVersion) + "; start all ranks with the same program");
  const int from = message.data[6], to = message.data[7];
  if (from == receiver && to == sender)
    throw Error("a message of the handshake came back to its sender; look at what is between the two machines");
  if (from != sender || to != receiver)
    throw Error("the handshake's message goes from role " + std::to_string(from) + " to role " + std::to_string(to) +
                ", but the one awaited from " + std::to_string(sender) + " to " + std::to_string(receiver) +
                "; look at the order in which the ranks are started");
}

Bytes write_hello(const Hello& hello, std::uint8_t sender, std::uint8_t receiver) {
  Bytes message = frame("SLMH", sender, receiver);
  add(message, hello.key);
  add(message, hello.random);
  add(message, hello.context);
  return message;
}

Hello read_hello(View message, std::uint8_t sender, std::uint8_t receiver) {
  check_frame(message, "SLMH", sender, receiver);
  if (message.size != kHelloSize)
    throw Error("the handshake's first message has " + std::to_string(message.size) + " bytes instead of " + std::to_string(kHelloSize));
  Hello hello;
  const std::uint8_t* at = message.data + kFrame;
  take(at, hello.key);
  take(at, hello.random);
  take(at, hello.context);
  return hello;
}

Bytes write_statement(const Statement& statement) {
  Bytes plain;
  plain.reserve(kStatement + statement.evidence.size() + 16);
  add(plain, statement.identity);
  add(plain, statement.signature);
  add(plain, statement.mac);
  add(plain, statement.evidence);
  return plain;
}

Statement read_statement(View plain) {
  if (plain.size < kStatement || plain.size > kStatement + kMostEvidence)
    throw Error("the other rank's authentication has " + std::to_string(plain.size) + " bytes; " + std::to_string(kStatement) + " to " +
                std::to_string(kStatement + kMostEvidence) + " are possible");
  Statement statement;
  const std::uint8_t* at = plain.data;
  take(at, statement.identity);
  take(at, statement.signature);
  take(at, statement.mac);
  statement.evidence.assign(at, plain.data + plain.size);
  return statement;
}

}  // namespace shardlm::seal
