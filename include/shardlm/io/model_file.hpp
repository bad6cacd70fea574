// A model as ShardLM runs it: one HDF5 file with contiguous datasets that ranks map into memory.
//
// Weights are int16 in panels (core/ring_gemm.hpp), with the norm gains, sqrt(hidden) / 2^gain and 1 / sqrt(head_dim) folded
// in. No Kokkos and no MPI here, so that the reader can be fuzzed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace shardlm::io {

struct ModelConfig {
  std::size_t hidden = 0, layers = 0, heads = 0, kv_heads = 0, intermediate = 0, vocabulary = 0;
  std::size_t max_positions = 32768;
  double rope_theta = 1e6, norm_epsilon = 1e-6;
  bool tied_head = true;
  int silu_bits = 12;                        // the SiLU table has 2^silu_bits cells of 1/16
  std::vector<std::int32_t> end_tokens;      // any of these ends an answer
  std::size_t head_dim() const { return hidden / heads; }
  std::size_t qkv_rows() const { return (heads + 2 * kv_heads) * head_dim(); }
  int gain() const;                          // ceil(log2(sqrt(hidden))): sqrt(hidden) = 2^gain times the rest, which is in the weights
};

// Rows as they lie in the file. planes, layout and exponents: core/ring_gemm.hpp's PackedRows, which has the same fields.
struct MappedRows {
  std::size_t rows = 0, columns = 0;
  int planes = 1;
  const std::int16_t* weights = nullptr;
  const std::int8_t* exponents = nullptr;
};

class ModelFile {
 public:
  // Maps the file read-only. Checks format, version, shapes and extents before anything is mapped, and every dataset's
  // checksum unless this file (path, size, time, inode) was found whole before. Throws shardlm::Error with one sentence.
  explicit ModelFile(const std::string& path);
  ~ModelFile();
  ModelFile(ModelFile&&) noexcept;

  const ModelConfig& config() const;
  const std::string& digest() const;          // of all datasets' checksums and the config, in hex: equal on all ranks, or they refuse
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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Imports a Hugging Face folder (config.json, tokenizer.json, *.safetensors in BF16, F16 or F32). Writes to a temporary file
// beside `out`, then renames. Progress: called with bytes done and to do; may be empty.
void convert(const std::string& folder, const std::string& out, const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace shardlm::io
