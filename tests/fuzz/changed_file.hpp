// A file of datasets, by the input's first byte modulo 4. 0: the rest is the file. 1: the rest are patches to a sound file, [place, 2 bytes]
// [count - 1, 1 byte][count bytes, at most 8]. 2: the same, and afterwards the manifest's digest and checksum are mended, as a stranger
// would. 3: the rest is a JSON list of edits to the sound file's manifest, after which all checksums are mended: [place, value] puts a
// value at a JSON pointer (RFC 6901), [place, null, other] what is at another, and [place] removes what is there.
#pragma once

#include <algorithm>

#include "../unit/io_manifest.hpp"
#include "shardlm/core/json_text.hpp"
#include "target.hpp"

namespace shardlm::fuzz {

using nlohmann::json;

constexpr std::size_t kMaxEdits = 8;  // each can double what there is

// Edits that are none throw; so does what they make of the manifest where members are missing or of another kind.
template <class F>
void where_json_allows(const F& f) {
  try {
    f();
  } catch (const json::exception&) {
  }
}

struct SoundFile {
  void take(const std::string& path) {
    file = file_text(path);
    manifest = json::parse(test::manifest_text(file));
  }
  std::string file;
  json manifest;
};

inline std::string patched(std::string file, const std::uint8_t* data, std::size_t size) {
  for (std::size_t i = 0; i + 3 < size;) {
    std::size_t place = (data[i] | data[i + 1] << 8) % file.size();
    const std::size_t n = std::min<std::size_t>(data[i + 2] % 8 + 1, size - i - 3);
    for (std::size_t k = 0; k < n && place < file.size(); ++k) file[place++] = static_cast<char>(data[i + 3 + k]);
    i += 3 + n;
  }
  return file;
}

// The digest is mended in its place, so that the text's other oddities stay.
inline std::string mended(std::string file) {
  if (test::number_at(file, 12, 4) > file.size() - io::kManifestHeader) return file;
  const std::string text = test::manifest_text(file), key = "\"digest\":\"";
  const std::size_t at = text.find(key) + key.size();
  if (json_is_shallow(text.data(), text.data() + text.size()) && at >= key.size() && at + 64 <= text.size())
    where_json_allows([&] {
      json manifest = json::parse(text);
      test::mend_digest(manifest);
      file.replace(io::kManifestHeader + at, 64, manifest["digest"].get<std::string>());
    });
  test::mend_checksum(file);
  return file;
}

inline std::uint64_t whole(const json& value) { return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0; }

inline void mend_dataset(json& d, const std::string& file) {
  std::uint64_t bytes = 0;
  for (const io::Element e : {io::Element::u8, io::Element::i8, io::Element::u16, io::Element::i16, io::Element::f32, io::Element::i64})
    if (d.at("element") == name(e)) bytes = bytes_of(e);
  for (const json& extent : d.at("shape")) bytes *= std::min<std::uint64_t>(file.size(), whole(extent));
  const std::uint64_t offset = whole(d.at("offset"));
  if (offset > file.size() || bytes > file.size() - offset) return;
  io::Checksum sum;
  sum.add(file.data() + offset, bytes);
  d["sha256"] = sum.hex();
}

inline void remove(json& parent, json& member, const std::string& key) {
  if (parent.is_array()) {
    parent.erase(parent.begin() + (&member - &parent.front()));
  } else {
    parent.erase(key);
  }
}

// nlohmann's own JSON Patch ends the program where a place is within a number.
inline void edit(json& manifest, const json& e) {
  const json::json_pointer place(e.at(0).get<std::string>());
  json& parent = manifest.at(place.parent_pointer());
  if (e.size() == 1) return remove(parent, manifest.at(place), place.back());
  const json value = e.size() > 2 ? manifest.at(json::json_pointer(e.at(2).get<std::string>())) : e.at(1);
  if (parent.is_object()) {
    parent[place.back()] = value;
  } else if (parent.is_array() && place.back() == "-") {
    parent.push_back(value);
  } else {
    manifest.at(place) = value;
  }
}

inline std::string with_other_manifest(const SoundFile& base, const std::string& edits) {
  std::string file;
  if (!json_is_shallow(edits.data(), edits.data() + edits.size())) return file;
  where_json_allows([&] {
    json manifest = base.manifest;
    const json list = json::parse(edits);
    for (std::size_t i = 0; i < std::min(list.size(), kMaxEdits); ++i) where_json_allows([&] { edit(manifest, list.at(i)); });
    file = base.file;
    where_json_allows([&] {
      for (json& d : manifest.at("datasets")) mend_dataset(d, file);
      test::mend_digest(manifest);
    });
    const std::string text = manifest.dump();
    if (io::kManifestHeader + text.size() <= file.size()) test::put_manifest(file, text);
  });
  return file;
}

inline std::string changed(const SoundFile& base, const std::uint8_t* data, std::size_t size) {
  const std::uint8_t* rest = data + 1;
  switch (data[0] % 4) {
    case 0:
      return std::string(rest, data + size);
    case 1:
      return patched(base.file, rest, size - 1);
    case 2:
      return mended(patched(base.file, rest, size - 1));
    default:
      return with_other_manifest(base, std::string(rest, data + size));
  }
}

}  // namespace shardlm::fuzz
