#include "shardlm/seal/key_files.hpp"

#include <cstring>

#include "secret_file.hpp"
#include "shardlm/seal/kdf.hpp"

namespace shardlm::seal {
namespace {

constexpr std::size_t kDigits = 64, kMost = 192;

// What distinguishes the two kinds of file. The last line is `label` and a text of `tail` characters that follows from the secret.
struct Format {
  const char *kind, *header, *label;
  std::size_t tail;
  std::size_t size() const { return std::strlen(header) + std::strlen("secret ") + kDigits + 1 + std::strlen(label) + tail + 1; }
};

constexpr Format kIdentity = {"an identity", "shardlm identity 1\n", "public ", 8 + kDigits};
constexpr Format kDataKey = {"a data key", "shardlm data key 1\n", "name ", 16};

// The text, in memory that is wiped.
struct Content {
  ~Content() { wipe(text, sizeof text); }
  void add(const char* piece, std::size_t n) {
    std::memcpy(text + size, piece, n);
    size += n;
  }
  void add(const char* piece) { add(piece, std::strlen(piece)); }
  char text[kMost] = {};
  std::size_t size = 0;
};

void write(const std::string& path, const Format& format, const Key& secret, const std::string& tail) {
  Content content;
  std::string digits = to_hex(secret);
  content.add(format.header);
  content.add("secret ");
  content.add(digits.data(), digits.size());
  wipe(&digits[0], digits.size());
  content.add("\n");
  content.add(format.label);
  content.add(tail.c_str());
  content.add("\n");
  write_secret_file(path, View(content.text, content.size));
}

// Takes the text apart from its start.
class Reader {
 public:
  explicit Reader(const char* text) : at_(text) {}
  bool skip(const char* piece) {
    const std::size_t n = std::strlen(piece);
    const bool right = std::memcmp(at_, piece, n) == 0;
    at_ += n;
    return right;
  }
  const char* take(std::size_t n) {
    const char* start = at_;
    at_ += n;
    return start;
  }

 private:
  const char* at_;
};

// tail_of(secret): what the last line must say.
template <class TailOf>
Key read(const std::string& path, const Format& format, const TailOf& tail_of) {
  Content content;
  read_secret_file(path, format.kind, content.text, format.size());
  Reader reader(content.text);
  Key secret;
  const bool right = reader.skip(format.header) && reader.skip("secret ") &&
                     from_hex(reader.take(kDigits), kDigits, secret.data(), secret.size()) && reader.skip("\n") &&
                     reader.skip(format.label);
  if (!right) throw Error("cannot read the key file " + path + ": it is not the file of " + format.kind);
  const std::string tail(reader.take(format.tail), format.tail);
  if (!reader.skip("\n") || tail != tail_of(secret))
    throw Error("cannot read the key file " + path + ": its last line does not belong to its secret, so one of them was changed");
  return secret;
}

}  // namespace

std::string name_of(const DataKey& key) {
  std::uint8_t name[8];
  hkdf_expand(key, "shardlm seal: name of a data key", name, sizeof name);
  return to_hex(View(name, sizeof name));
}

void write_identity(const std::string& path, const Identity& identity) {
  write(path, kIdentity, identity.seed(), to_text(identity.public_key()));
}

void write_data_key(const std::string& path, const DataKey& key) { write(path, kDataKey, key, name_of(key)); }

Identity read_identity(const std::string& path) {
  return Identity(read(path, kIdentity, [](const Key& seed) { return to_text(Identity(seed).public_key()); }));
}

DataKey read_data_key(const std::string& path) { return read(path, kDataKey, name_of); }

}  // namespace shardlm::seal
