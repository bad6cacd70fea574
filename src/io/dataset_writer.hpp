// Writes a file of datasets: HDF5 lays out the structure, the bytes then go straight to where HDF5 has put each dataset, and the
// manifest (manifest.hpp) says where that is.
#pragma once

#include <cstdint>
#include <string>

#include "checksum.hpp"
#include "hdf5.hpp"
#include "manifest.hpp"
#include "output_file.hpp"

namespace shardlm::io {

class DatasetWriter {
 public:
  // Creates the datasets, empty, and reserves their room. The manifest needs no places, checksums or digest yet; its values
  // become attributes of the root as well. `file` and `format` outlive the writer.
  DatasetWriter(OutputFile& file, const FileFormat& format, Manifest manifest, Progress progress);

  // The next bytes of the current dataset. Datasets come in their list's order; begin() names the one that is expected.
  void begin(const std::string& path);
  void append(const void* data, std::size_t bytes);
  void end();
  void write(const std::string& path, const void* data, std::size_t bytes);
  // After the last dataset: checksums, digest, all that HDF5 still holds, and the manifest.
  void finish();

 private:
  [[noreturn]] void fail(const std::string& what) const;
  hdf5::Handle create() const;
  std::uint64_t create_dataset(const DatasetSpec& spec) const;
  std::string named(const DatasetSpec& spec) const;

  hdf5::Session session_;
  OutputFile& file_;
  const FileFormat& format_;
  Manifest manifest_;
  Progress progress_;
  std::uint64_t user_block_;
  hdf5::Handle h5_;
  Checksum checksum_;
  std::size_t current_ = 0;
  std::uint64_t within_ = 0, done_ = 0, total_ = 0;
};

}  // namespace shardlm::io
