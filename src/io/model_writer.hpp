// Writes a model file: HDF5 lays out the structure, the bytes then go straight to where HDF5 has put each dataset.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "checksum.hpp"
#include "hdf5.hpp"
#include "layout.hpp"
#include "output_file.hpp"

namespace shardlm::io {

class ModelWriter {
 public:
  // Creates all datasets, empty, and reserves their room. `file` outlives the writer.
  ModelWriter(OutputFile& file, const ModelConfig& config, FloatType embedding, std::size_t tokenizer_bytes, std::size_t template_bytes,
              const std::string& name, Progress progress);

  // The next bytes of the current dataset. Datasets come in their list's order; begin() names the one that is expected.
  void begin(const std::string& path);
  void append(const void* data, std::size_t bytes);
  void end();
  void write(const std::string& path, const void* data, std::size_t bytes);
  // After the last dataset: checksums, digest, and all that HDF5 still holds.
  void finish();

 private:
  hdf5::Session session_;
  OutputFile& file_;
  const ModelConfig& config_;
  FloatType embedding_;
  Progress progress_;
  std::vector<DatasetSpec> list_;
  hdf5::Handle h5_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::string> checksums_;
  Checksum checksum_;
  std::uint64_t within_ = 0, done_ = 0, total_ = 0;
};

}  // namespace shardlm::io
