#include "envelope.hpp"

#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

using seal::Bytes;
using seal::Key;

constexpr const char* kWrappingLabel = "shardlm sealed file: key that wraps";

void put(Bytes& out, const void* bytes, std::size_t n) {
  out.insert(out.end(), static_cast<const std::uint8_t*>(bytes), static_cast<const std::uint8_t*>(bytes) + n);
}
void put(Bytes& out, const std::string& text) { put(out, text.c_str(), text.size() + 1); }  // with the zero at its end, as the length
void put(Bytes& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// The start of all associated data. Every piece after the label ends by itself, so no two contexts have the same bytes.
Bytes context(const char* label, const Envelope& e) {
  Bytes out;
  put(out, std::string(label));
  put(out, static_cast<std::uint64_t>(kSealedFileFormat.version));
  put(out, e.file.data(), e.file.size());
  return out;
}

Bytes context_of_wrap(const Envelope& e) {
  Bytes out = context("shardlm sealed file: key", e);
  put(out, e.bytes);
  put(out, kSealedChunk);
  put(out, e.key_name);
  put(out, e.salt.data(), e.salt.size());
  for (const std::uint32_t part : {e.cost.log2_n, e.cost.r, e.cost.p}) put(out, part);
  return out;
}

// A key of this file alone, also where one data key seals many.
Key wrapping_key(const Envelope& e, const Unlock& unlock) {
  Key key;
  const Key secret = unlock.key ? *unlock.key : seal::scrypt(unlock.passphrase, e.salt, e.cost);
  seal::hkdf(e.file, secret, kWrappingLabel, key.data(), key.size());
  return key;
}

}  // namespace

Unlock Unlock::with_key(const seal::DataKey& key) {
  Unlock unlock;
  unlock.key = key;
  return unlock;
}

Unlock Unlock::with_key_file(const std::string& path) { return with_key(seal::read_data_key(path)); }

Unlock Unlock::with_passphrase(seal::View passphrase, const seal::ScryptCost& cost) {
  if (passphrase.size == 0) throw Error("the passphrase is empty; choose one that nobody can guess");
  seal::check_stored(cost);
  Unlock unlock;
  unlock.passphrase.assign(passphrase.data, passphrase.data + passphrase.size);
  unlock.cost = cost;
  return unlock;
}

Unlock::~Unlock() {
  if (!passphrase.empty()) wipe(passphrase.data(), passphrase.size());
}

Envelope wrap(const Key& content, std::uint64_t bytes, const Unlock& unlock) {
  Envelope e;
  e.bytes = bytes;
  seal::random_bytes(e.file.data(), e.file.size());
  seal::random_bytes(e.nonce.data(), e.nonce.size());
  if (unlock.key) {
    e.key_name = seal::name_of(*unlock.key);
  } else {
    seal::random_bytes(e.salt.data(), e.salt.size());
    e.cost = unlock.cost;
  }
  Key wrapped = content;
  seal::Aead(wrapping_key(e, unlock)).seal(e.nonce, context_of_wrap(e), wrapped.data(), wrapped.size(), e.tag.data());
  e.wrapped = wrapped.bytes;
  return e;
}

Key unwrap(const Envelope& e, const Unlock& unlock, const std::string& path) {
  const auto refuse = [&path](const std::string& why) { throw Error("cannot open " + path + ": " + why); };
  if (e.key_name.empty() && unlock.key) refuse("it was sealed with a passphrase, and this is a key file");
  if (!e.key_name.empty() && !unlock.key) refuse("it was sealed with the data key " + e.key_name + ", and this is a passphrase; give the key's file");
  const std::string name = unlock.key ? seal::name_of(*unlock.key) : "";
  if (name != e.key_name) refuse("it was sealed with the data key " + e.key_name + ", and this is " + name + "; give the other key's file");
  Key content(e.wrapped);
  if (!seal::Aead(wrapping_key(e, unlock)).open(e.nonce, context_of_wrap(e), content.data(), content.size(), e.tag.data()))
    refuse(unlock.key ? "its attributes are not those that it was sealed with, so the file was changed or damaged"
                      : "the passphrase is not the one that it was sealed with, or its attributes were changed");
  return content;
}

ChunkCipher::ChunkCipher(const Key& content, const Envelope& e) : aead_(content), associated_(context("shardlm sealed file", e)) {
  put(associated_, std::string("image"));
  number_ = associated_.size();
  put(associated_, std::uint64_t{0});
  put(associated_, e.chunks());
  put(associated_, e.bytes);
}

void ChunkCipher::take(std::uint64_t chunk) {
  for (int i = 0; i < 8; ++i) nonce_[i] = associated_[number_ + i] = static_cast<std::uint8_t>(chunk >> (8 * i));
}

void ChunkCipher::seal(std::uint64_t chunk, std::uint8_t* data, std::size_t n, std::uint8_t* tag) {
  take(chunk);
  aead_.seal(nonce_, associated_, data, n, tag);
}

bool ChunkCipher::open(std::uint64_t chunk, std::uint8_t* data, std::size_t n, const std::uint8_t* tag) {
  take(chunk);
  return aead_.open(nonce_, associated_, data, n, tag);
}

}  // namespace shardlm::io
