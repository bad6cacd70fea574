// A sealed file's attributes, to and from the manifest's JSON.
#include "envelope.hpp"
#include "shardlm/core/error.hpp"
#include "share_formats.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;

constexpr const char *kWithKey = "data key", *kWithPassphrase = "passphrase";

// Takes attributes, each once, and counts them.
class Attributes {
 public:
  Attributes(const json& values, const std::string& path) : values_(values), path_(path) {}

  [[noreturn]] void refuse(const std::string& name) const {
    throw Error("cannot open " + path_ + ": its attribute " + name + " is not one that a sealed file has, so the file was changed or damaged");
  }
  void bytes(const char* name, std::uint8_t* out, std::size_t n) {
    ++taken_;
    if (!from_hex(values_, name, out, n)) refuse(name);
  }
  std::string text(const char* name) {
    ++taken_;
    const auto at = values_.find(name);
    if (at == values_.end() || !at->is_string()) refuse(name);
    return at->get<std::string>();
  }
  std::uint64_t whole(const char* name, std::uint64_t most) {
    ++taken_;
    const auto at = values_.find(name);
    if (at == values_.end() || !at->is_number_unsigned() || at->get<std::uint64_t>() > most) refuse(name);
    return at->get<std::uint64_t>();
  }
  void end() const {
    if (values_.size() != taken_)
      throw Error("cannot open " + path_ + ": it has attributes that a sealed file has not, so the file was changed or damaged");
  }

 private:
  const json& values_;
  const std::string& path_;
  std::size_t taken_ = 0;
};

void read_scrypt(Attributes& a, Envelope& e, const std::string& path) {
  a.bytes("scrypt_salt", e.salt.data(), e.salt.size());
  e.cost.log2_n = static_cast<std::uint32_t>(a.whole("scrypt_log2_n", UINT32_MAX));
  e.cost.r = static_cast<std::uint32_t>(a.whole("scrypt_r", UINT32_MAX));
  e.cost.p = static_cast<std::uint32_t>(a.whole("scrypt_p", UINT32_MAX));
  try {
    seal::check_stored(e.cost);
  } catch (const Error& error) {
    throw Error("cannot open " + path + ": " + error.what());
  }
}

}  // namespace

json attributes_of(const Envelope& e) {
  json j{{"file", hex_of(e.file.data(), e.file.size())},
         {"bytes", e.bytes},
         {"chunk_bytes", kSealedChunk},
         {"with", e.key_name.empty() ? kWithPassphrase : kWithKey},
         {"wrapped_key", hex_of(e.wrapped.data(), e.wrapped.size())},
         {"wrap_nonce", hex_of(e.nonce.data(), e.nonce.size())},
         {"wrap_tag", hex_of(e.tag.data(), e.tag.size())}};
  if (!e.key_name.empty()) {
    j["key_name"] = e.key_name;
    return j;
  }
  j["scrypt_salt"] = hex_of(e.salt.data(), e.salt.size());
  j["scrypt_log2_n"] = e.cost.log2_n;
  j["scrypt_r"] = e.cost.r;
  j["scrypt_p"] = e.cost.p;
  return j;
}

Envelope envelope_of(const json& attributes, const std::string& path) {
  Attributes a(attributes, path);
  Envelope e;
  a.bytes("file", e.file.data(), e.file.size());
  e.bytes = a.whole("bytes", INT64_MAX);
  if (e.bytes == 0) a.refuse("bytes");
  if (a.whole("chunk_bytes", kSealedChunk) != kSealedChunk) a.refuse("chunk_bytes");
  a.bytes("wrapped_key", e.wrapped.data(), e.wrapped.size());
  a.bytes("wrap_nonce", e.nonce.data(), e.nonce.size());
  a.bytes("wrap_tag", e.tag.data(), e.tag.size());
  const std::string with = a.text("with");
  if (with == kWithKey) {
    std::uint8_t name[8];
    a.bytes("key_name", name, sizeof name);
    e.key_name = hex_of(name, sizeof name);
  } else if (with == kWithPassphrase) {
    read_scrypt(a, e, path);
  } else {
    a.refuse("with");
  }
  a.end();
  return e;
}

std::vector<DatasetSpec> datasets_of(const Envelope& e) {
  return {{"image", Element::u8, {e.bytes}, kAuthenticated}, {"tags", Element::u8, {e.chunks(), seal::kTag}}};
}

}  // namespace shardlm::io
