// A file's manifest taken apart, and put together again by somebody who can make checksums as well.
#pragma once

#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "../../src/io/checksum.hpp"
#include "../../src/io/manifest.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::test {

inline std::uint64_t number_at(const std::string& file, std::size_t at, int bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, file.data() + at, bytes);
  return value;
}
inline void put_number(std::string& file, std::size_t at, std::uint64_t value, int bytes) { std::memcpy(&file[at], &value, bytes); }

inline std::string manifest_text(const std::string& file) { return file.substr(io::kManifestHeader, number_at(file, 12, 4)); }

// The checksum that its header and text should have.
inline void mend_checksum(std::string& file) {
  io::Checksum sum;
  sum.add(file.data(), 32);
  sum.add(file.data() + io::kManifestHeader, number_at(file, 12, 4));
  file.replace(32, 32, sum.bytes());
}

inline void put_manifest(std::string& file, const std::string& text) {
  put_number(file, 12, text.size(), 4);
  file.replace(io::kManifestHeader, text.size(), text);
  mend_checksum(file);
}

// The digest of what a manifest says: SHA-256 of its JSON without name, digest and offsets.
inline void mend_digest(nlohmann::json& manifest) {
  nlohmann::json content = manifest;
  content.erase("name");
  content.erase("digest");
  for (nlohmann::json& d : content["datasets"]) d.erase("offset");
  const std::string text = content.dump();
  io::Checksum sum;
  sum.add(text.data(), text.size());
  manifest["digest"] = sum.hex();
}

inline nlohmann::json& dataset(nlohmann::json& manifest, const std::string& path) {
  for (nlohmann::json& d : manifest["datasets"])
    if (d["path"] == path) return d;
  throw Error("a manifest has no dataset " + path);
}

using Change = std::function<void(nlohmann::json&)>;

// The file with another manifest, its checksum mended and its digest as the change leaves it.
inline std::string changed(std::string file, const Change& change) {
  nlohmann::json manifest = nlohmann::json::parse(manifest_text(file));
  change(manifest);
  put_manifest(file, manifest.dump());
  return file;
}

}  // namespace shardlm::test
