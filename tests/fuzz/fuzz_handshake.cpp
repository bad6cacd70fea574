// What comes from another rank before it is known who that is, and key files, by the first byte modulo 6.
//   0 hello, 1 authentication, 2 sealed message: the rest changes a sound one, [size, 2 bytes: less or more][place, 2 bytes]
//     [count - 1, 1 byte][count bytes, at most 8]...; what is changed must be refused and what is not must be accepted
//   3: the rest is each of these
//   4: the rest is what an authentication holds under its encryption
//   5: the rest is a key file, and a public key as text
#include <sys/stat.h>

#include "../../src/seal/messages.hpp"
#include "shardlm/seal/channel.hpp"
#include "shardlm/seal/key_files.hpp"
#include "target.hpp"

using namespace shardlm;
using namespace shardlm::seal;

namespace {

struct Pair {
  Pair() : a(identity(1), 1, 2, identity(2).public_key(), "job"), b(identity(2), 2, 1, identity(1).public_key(), "job") {}
  static const Identity& identity(std::uint8_t role) {
    static const Identity one(Key({1})), two(Key({2}));
    return role == 1 ? one : two;
  }
  void greet() {
    a.take_hello(b.hello());
    b.take_hello(a.hello());
  }
  Handshake a, b;
};

template <class F>
bool refused(const F& f) {
  try {
    f();
  } catch (const Error&) {
    return true;
  }
  return false;
}

Bytes changed(Bytes message, const std::uint8_t* data, std::size_t size) {
  if (size < 2) return message;
  const auto delta = static_cast<std::int16_t>(data[0] | data[1] << 8);
  message.resize(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(message.size()) + delta)));
  for (std::size_t i = 2; i + 3 < size && !message.empty();) {
    std::size_t place = (data[i] | data[i + 1] << 8) % message.size();
    const std::size_t n = std::min<std::size_t>(data[i + 2] % 8 + 1, size - i - 3);
    for (std::size_t k = 0; k < n && place < message.size(); ++k) message[place++] = data[i + 3 + k];
    i += 3 + n;
  }
  return message;
}

void hello(const std::uint8_t* data, std::size_t size) {
  Pair pair;
  const Bytes message = changed(pair.b.hello(), data, size);
  pair.b.take_hello(pair.a.hello());
  const bool no =
      refused([&] { pair.a.take_hello(message); }) || refused([&] { pair.a.take_authentication(pair.b.authenticate("evidence")); });
  fuzz::require(no == (message != pair.b.hello()));
  fuzz::require(!no || refused([&] { pair.a.keys(); }));
}

void authentication(const std::uint8_t* data, std::size_t size) {
  Pair pair;
  pair.greet();
  const Bytes sound = pair.b.authenticate("evidence"), message = changed(sound, data, size);
  const bool no = refused([&] { fuzz::require(pair.a.take_authentication(message) == Bytes({'e', 'v', 'i', 'd', 'e', 'n', 'c', 'e'})); });
  fuzz::require(no == (message != sound));
  if (no) return fuzz::require(refused([&] { pair.a.authenticate("report"); }) && refused([&] { pair.a.keys(); }));
  pair.b.take_authentication(pair.a.authenticate("report"));
  fuzz::require(pair.a.keys().send.bytes == pair.b.keys().receive.bytes);
}

// Header and sealed payload of 100 bytes; what is longer or shorter is taken for a payload of another size.
void record(const std::uint8_t* data, std::size_t size) {
  const Key key({3});
  Sealer sealer(key, 1);
  Opener opener(key, 1);
  Bytes sound(kHeader + sealed_size(100), 7);
  sealer.seal(View(sound.data(), kHeader), sound.data() + kHeader, 100, sound.data() + kHeader + 100);
  Bytes message = changed(sound, data, size);
  if (message.size() < kHeader) return;
  const bool same = message == sound;
  const bool no = refused([&] {
    const std::size_t n = payload_size(message.size() - kHeader);
    std::uint8_t* payload = message.data() + kHeader;
    opener.open(View(message.data(), kHeader), payload, n, payload + n);
    fuzz::require(Bytes(payload, payload + n) == Bytes(100, 7));
  });
  fuzz::require(no != same);
}

void as_it_is(View bytes) {
  Pair pair, greeted;
  greeted.greet();
  fuzz::require(refused([&] { pair.a.take_hello(bytes); }) || bytes.size == kHelloSize);
  fuzz::require(refused([&] { greeted.a.take_authentication(bytes); }));
  Opener opener(Key({3}), 1);
  Bytes message(bytes.data, bytes.data + bytes.size);
  fuzz::require(refused([&] {
    const std::size_t n = payload_size(message.size());
    opener.open(Bytes(kHeader), message.data(), n, message.data() + n);
  }));
}

void statement(View bytes) {
  fuzz::may_refuse([&] {
    const Bytes again = write_statement(read_statement(bytes));
    fuzz::require(again == Bytes(bytes.data, bytes.data + bytes.size));
  });
}

void key_file(View bytes) {
  static const fuzz::Folder folder;
  const std::string text(reinterpret_cast<const char*>(bytes.data), bytes.size), path = folder / "key";
  folder.write("key", text);
  chmod(path.c_str(), 0600);
  const auto again = [&](const auto& write, const auto& key) {
    unlink((folder / "again").c_str());
    write(folder / "again", key);
    fuzz::require(fuzz::file_text(folder / "again") == text);
  };
  fuzz::may_refuse([&] { again(write_identity, read_identity(path)); });
  fuzz::may_refuse([&] { again(write_data_key, read_data_key(path)); });
  fuzz::may_refuse([&] { fuzz::require(to_text(public_key_from(text)) == text); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t* rest = data + 1;
  const View bytes(rest, size - 1);
  switch (data[0] % 6) {
    case 0:
      hello(rest, size - 1);
      break;
    case 1:
      authentication(rest, size - 1);
      break;
    case 2:
      record(rest, size - 1);
      break;
    case 3:
      as_it_is(bytes);
      break;
    case 4:
      statement(bytes);
      break;
    default:
      key_file(bytes);
  }
  return 0;
}
