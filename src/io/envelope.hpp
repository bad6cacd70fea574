// What stands in front of a sealed file's chunks: the attributes of its manifest, and the key that they wrap (sealed_file.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "manifest.hpp"
#include "shardlm/io/sealed_file.hpp"
#include "shardlm/seal/aead.hpp"

namespace shardlm::io {

constexpr FileFormat kSealedFileFormat{"shardlm-sealed", 2, "sealed file", "seal the original again (shardlm seal)", true};
constexpr std::size_t kSealedChunk = std::size_t{1} << 20;

struct Envelope {
  std::array<std::uint8_t, 16> file{};
  std::uint64_t bytes = 0;
  std::string key_name;  // empty: a passphrase
  std::array<std::uint8_t, 16> salt{};
  seal::ScryptCost cost{0, 0, 0};
  seal::Nonce nonce{};
  std::array<std::uint8_t, 32> wrapped{};
  std::array<std::uint8_t, seal::kTag> tag{};

  std::uint64_t chunks() const { return (bytes - 1) / kSealedChunk + 1; }
  std::size_t bytes_of(std::uint64_t chunk) const { return std::min<std::uint64_t>(kSealedChunk, bytes - chunk * kSealedChunk); }
};

// For a file of so many bytes, one at least.
Envelope wrap(const seal::Key& content, std::uint64_t bytes, const Unlock& unlock);
// Throws Error, naming the file, unless it is what was wrapped and this opens it.
seal::Key unwrap(const Envelope& envelope, const Unlock& unlock, const std::string& path);

nlohmann::json attributes_of(const Envelope& envelope);
// Error, naming the file, unless these are the attributes of a sealed file and nothing else.
Envelope envelope_of(const nlohmann::json& attributes, const std::string& path);
std::vector<DatasetSpec> datasets_of(const Envelope& envelope);

// Seals and opens the chunks of one file. One thread at a time.
class ChunkCipher {
 public:
  ChunkCipher(const seal::Key& content, const Envelope& envelope);
  void seal(std::uint64_t chunk, std::uint8_t* data, std::size_t n, std::uint8_t* tag);
  [[nodiscard]] bool open(std::uint64_t chunk, std::uint8_t* data, std::size_t n, const std::uint8_t* tag);

 private:
  void take(std::uint64_t chunk);

  seal::Aead aead_;
  seal::Nonce nonce_{};
  seal::Bytes associated_;
  std::size_t number_ = 0;  // where the chunk's number stands in it
};

}  // namespace shardlm::io
