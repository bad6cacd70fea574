// What a client gets that does not have the model, and what the holder of the key keeps.
//
//   table.h5   for every client: texts, configuration, and the embedding table with each row encrypted under a key of its own
//   key.h5     for the holder of the key alone (mode 0600): the key of the pseudorandom function that all row keys come from
//
// and, for a client that gets no table at all, a file of texts: tokenizer, chat template, configuration. All are read as ModelFile
// (ModelPart::sealed, ModelPart::texts) or KeyFile. No cryptography here: whoever writes a table brings what seals its rows.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "shardlm/io/model_file.hpp"

namespace shardlm::io {

constexpr const char* kTableFiles[] = {"table.h5", "key.h5"};
constexpr std::size_t kSealBytes = 16;  // by which a sealed row is longer than the row

using SecretKey = std::array<std::uint8_t, 32>;

// Rows first .. first + count - 1, of `bytes` bytes each, one after the other; sealed ones of bytes + kSealBytes. Called from several threads.
using RowSealer = std::function<void(std::size_t first, std::size_t count, const std::uint8_t* rows, std::size_t bytes, std::uint8_t* sealed)>;

// The sealed table of a model file and its key, in a folder that appears when both are whole, or not at all, and that only its owner may read.
// replaces: the folder is there, with one of these files at least, of whatever use, and goes when the new one comes. Memory does not grow
// with the model. Throws Error.
void write_sealed_table(const std::string& model, const std::string& folder, const TableNumber& number, const SecretKey& key, const RowSealer& seal,
                        const Progress& progress, bool replaces = false, const FreeSpace& free_space = {});

// Where the holder of a model keeps its file of texts: in ${XDG_CACHE_HOME:-~/.cache}/shardlm/texts, by the model's digest. Makes the folder.
std::string texts_path(const std::string& model_digest);
// The texts and the configuration of a model file.
void write_texts(const std::string& model, const std::string& out);

class KeyFile {
 public:
  // Throws Error for anything but a whole key file that nobody else may read.
  explicit KeyFile(const std::string& path);
  ~KeyFile();
  KeyFile(KeyFile&&) noexcept;
  const SecretKey& key() const;
  const std::string& table() const;  // digest of the table that it belongs to
  const std::string& model() const;  // digest of the model file whose rows that table has

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::io
