// A model as ShardLM runs it: one HDF5 file with contiguous datasets that ranks map into memory. In front of them lies a manifest, and
// the file is read by that alone, without the HDF5 library.
//
// Weights are int16 in panels (core/panels.hpp), with the norm gains, sqrt(hidden) / 2^gain and 1 / sqrt(head_dim) folded
// in (io/quantise.hpp). Every dataset carries its SHA-256: on a core with SHA instructions that reads 1.5 GB/s, and it is
// done once a file. No Kokkos and no MPI here, so that the reader can be fuzzed alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "shardlm/core/panels.hpp"
#include "shardlm/io/model_config.hpp"
#include "shardlm/io/safetensors.hpp"

namespace shardlm::io {

// Rows as they lie in the file.
using MappedRows = PackedRows;

// What of a model a file holds: all of it; of a share set (share_set.hpp) the client's part, texts and embedding, or the dealer's,
// weights and biases; for clients without the model (sealed_table.hpp) texts and encrypted rows of the embedding, or texts alone.
enum class ModelPart { whole, client, dealer, sealed, texts };

using TableNumber = std::array<std::uint8_t, 16>;  // of a sealed table: public and random

// An embedding table as it lies in the file, [rows][columns].
struct EmbeddingRows {
  FloatType type = FloatType::bf16;
  const std::uint8_t* data = nullptr;
  std::size_t rows = 0, columns = 0;
};

class ModelFile {
 public:
  // Maps the file read-only. Checks format, version, shapes and extents before anything is used, and every dataset's
  // checksum unless this file (path, size, times, inode) was found whole before: that is remembered in
  // ${XDG_CACHE_HOME:-~/.cache}/shardlm/verified. Throws shardlm::Error with one sentence.
  explicit ModelFile(const std::string& path, ModelPart part = ModelPart::whole);
  ~ModelFile();
  ModelFile(ModelFile&&) noexcept;

  const ModelConfig& config() const;
  // Equal on all ranks, or they refuse: SHA-256 of all datasets' checksums and the config, in hex; of a part "share set 0123...".
  const std::string& digest() const;
  // Of the model file that this is, or from which a dealer's file was made; of other parts "".
  const std::string& model_digest() const;
  const std::string& tokenizer_json() const;  // as the checkpoint has it
  const std::string& chat_template() const;   // may be empty
  const std::string& name() const;            // what the file was converted from

  // "layers/3/qkv" (q, k, v rows one after the other, two planes), "layers/3/o", "layers/3/gate_up" (gate rows, then up
  // rows), "layers/3/down", "head".
  MappedRows rows(const std::string& dataset) const;
  // Biases of q, k, v in the same order, at scale kScale + kWideWeightScale.
  const std::int64_t* qkv_bias(std::size_t layer) const;
  // One embedding row, exact, as float; token < vocabulary.
  void embedding(std::size_t token, float* row) const;
  EmbeddingRows embedding_rows() const;  // all of them

  // Of a sealed table.
  const TableNumber& table_number() const;
  std::size_t row_bytes() const;                            // of a row that is not sealed
  const std::uint8_t* sealed_row(std::size_t token) const;  // row_bytes() + 16 bytes
  void decode_row(const std::uint8_t* bytes, float* row) const;  // of an opened one
  // Brings all of the file into memory: a page that is read when its row is wanted takes longer, and so tells which row that is.
  void make_resident() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;  // in bytes; may be empty
// Bytes that the disk of this file has for its user; may be empty: whatever the file system says.
using FreeSpace = std::function<std::uint64_t(const std::string& file)>;

// Imports a Hugging Face folder (config.json, tokenizer.json, *.safetensors in BF16, F16 or F32). The file appears under its
// name only when it is whole, and nothing stays behind otherwise; memory stays below 1 GiB whatever the model's size. Throws
// Error before the first weight is read where the disk has too little room. silu_bits: of the SiLU table, whose 2^silu_bits cells
// of 1/16 must hold every gate; 12 to 16. Each bit more doubles the cost of a look-up and the bound on gates.
void convert(const std::string& folder, const std::string& out, const Progress& progress, const FreeSpace& free_space = {},
             int silu_bits = ModelConfig().silu_bits);

// For a signal handler of a program that converts: removes the unfinished file. Calls nothing but unlink.
void remove_partial_output() noexcept;

}  // namespace shardlm::io
