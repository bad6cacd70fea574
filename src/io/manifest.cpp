#include "manifest.hpp"

#include "checksum.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;

// Names of files need not be UTF-8, but JSON must.
std::string compact(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json json_of(const Placed& dataset) {
  const DatasetSpec& spec = dataset.spec;
  json j{{"path", spec.path}, {"element", name(spec.element)}, {"shape", spec.shape}};
  if (spec.has_checksum()) j["sha256"] = dataset.sha256;
  if (!spec.encoding.empty()) j["encoding"] = spec.encoding;
  return j;
}

json content_of(const Manifest& m) {
  json list = json::array();
  for (const Placed& dataset : m.datasets) list.push_back(json_of(dataset));
  return {{"format", m.format}, {"version", m.version}, {"attributes", m.attributes}, {"datasets", std::move(list)}};
}

std::string text_of(const Manifest& m) {
  json j = content_of(m);
  j["name"] = m.name;
  j["digest"] = m.digest;
  for (std::size_t i = 0; i < m.datasets.size(); ++i) j["datasets"][i]["offset"] = m.datasets[i].offset;
  return compact(j);
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

}  // namespace

std::size_t bytes_of(Element element) {
  switch (element) {
    case Element::u8:
    case Element::i8:
      return 1;
    case Element::u16:
    case Element::i16:
      return 2;
    case Element::f32:
      return 4;
    case Element::i64:
    case Element::u64:
      break;
  }
  return 8;
}

const char* name(Element element) {
  switch (element) {
    case Element::u8:
      return "uint8";
    case Element::i8:
      return "int8";
    case Element::u16:
      return "uint16";
    case Element::i16:
      return "int16";
    case Element::f32:
      return "float32";
    case Element::u64:
      return "uint64";
    case Element::i64:
      break;
  }
  return "int64";
}

std::uint64_t DatasetSpec::bytes() const {
  std::uint64_t n = bytes_of(element);
  for (const std::uint64_t extent : shape) n *= extent;
  return n;
}

std::string digest_of(const Manifest& manifest) {
  const std::string text = compact(content_of(manifest));
  Checksum sum;
  sum.add(text.data(), text.size());
  return sum.hex();
}

std::uint64_t user_block_for(const Manifest& manifest) {
  Manifest longest = manifest;
  longest.digest = std::string(64, '0');
  for (Placed& dataset : longest.datasets) dataset.offset = ~std::uint64_t{0};
  const std::uint64_t text = text_of(longest).size();
  if (text > kMaxManifest)
    throw Error("a file of format " + manifest.format + " cannot hold so many datasets: its manifest would have " + std::to_string(text) +
                " bytes, more than " + std::to_string(kMaxManifest));
  std::uint64_t block = kLeastUserBlock;
  while (block < kManifestHeader + text) block *= 2;
  return block;
}

std::string encode(const Manifest& manifest, std::uint64_t user_block, std::uint64_t file_bytes) {
  const std::string text = text_of(manifest);
  if (kManifestHeader + text.size() > user_block)
    throw Error("a manifest of " + std::to_string(text.size()) + " bytes has no room in a block of " + std::to_string(user_block));
  const std::string head = kMagic + little_endian(kManifestVersion, 4) + little_endian(text.size(), 4) + little_endian(user_block, 8) +
                           little_endian(file_bytes, 8);
  Checksum sum;
  sum.add(head.data(), head.size());
  sum.add(text.data(), text.size());
  return head + sum.bytes() + text;
}

}  // namespace shardlm::io
