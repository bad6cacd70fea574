// What a file of datasets says of itself, in front of its HDF5 part.
//
// The file is ordinary HDF5 behind a user block, which HDF5 leaves to others. At the block's start lies the manifest,
// little-endian: 8 bytes kMagic, uint32 kManifestVersion, uint32 bytes of the text, uint64 bytes of the block, uint64 bytes of
// the file, 32 bytes SHA-256 of the 32 bytes so far and of the text; then the text, compact JSON of a Manifest.
//
// Files are read by their manifest alone: they may come from strangers, and the HDF5 library crashes where a stranger wants it
// to. The HDF5 part says the same to everyone else, with the manifest's values as attributes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mapping.hpp"

namespace shardlm::io {

constexpr char kMagic[] = "\x89SLM\r\n\x1a\n";  // after PNG's and HDF5's: no text begins so, and changed line ends spoil it
constexpr std::uint32_t kManifestVersion = 1;
constexpr std::size_t kManifestHeader = 64;                 // bytes in front of the text
constexpr std::size_t kMaxManifest = std::size_t{8} << 20;  // bytes of the text; 1024 layers take 2 MiB
constexpr std::size_t kLeastUserBlock = 512;                // HDF5's own limit; larger ones are powers of two
constexpr std::size_t kAlignment = 64;                      // of every dataset, so that any element may be used where it lies

enum class Element { u8, i8, u16, i16, f32, i64, u64 };
std::size_t bytes_of(Element element);
const char* name(Element element);  // as NumPy has it: "uint8" ... "int64"

// The encoding of bytes that carry authentication tags, which stand in for a checksum: the digest covers them through the tags' own.
constexpr char kAuthenticated[] = "aes-256-gcm";

struct DatasetSpec {
  std::string path;
  Element element = Element::u8;
  std::vector<std::uint64_t> shape;
  std::string encoding = {};  // how floats are encoded, BF16, F16 or F32; or kAuthenticated; else empty
  std::uint64_t bytes() const;
  bool has_checksum() const { return encoding != kAuthenticated; }
};

// A dataset and where it lies, from the start of the file.
struct Placed {
  DatasetSpec spec;
  std::uint64_t offset = 0;
  std::string sha256 = std::string(64, '0');  // until it is known, as long as it will be
};

// One of the project's formats, and how to speak of its files.
struct FileFormat {
  const char* name;
  std::int64_t version;
  const char* noun;    // "model file"
  const char* remedy;  // how to get a new one, as a command
  bool authenticated = false;  // may hold datasets with tags in place of a checksum
};

struct Manifest {
  std::string format;
  std::int64_t version = 0;
  std::string name;                                      // what the file was made from
  nlohmann::json attributes = nlohmann::json::object();  // numbers, texts, and lists of whole numbers
  std::vector<Placed> datasets;
  std::string digest;
};

// SHA-256 over all but the name and the places: equal for files that hold the same.
std::string digest_of(const Manifest& manifest);

// For writers: the bytes of a user block that has room for this manifest, whatever its offsets, checksums and digest become, or
// Error where none has; and what to put at the block's start.
std::uint64_t user_block_for(const Manifest& manifest);
std::string encode(const Manifest& manifest, std::uint64_t user_block, std::uint64_t file_bytes);

// The manifest of a file of this format. Its datasets are inside the file, behind the block, aligned and apart, each under a
// path of its own, and the digest is theirs. Throws Error naming `path` otherwise, before it allocates for what a length claims.
Manifest read_manifest(const std::string& path, const Mapping& file, const FileFormat& format);

// The format that the manifest of a file names; "" where it has none, or one that is damaged.
std::string format_of(const std::string& path, const Mapping& file);

}  // namespace shardlm::io
