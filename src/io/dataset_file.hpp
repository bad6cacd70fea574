// Reads a file of datasets: mapped read-only, found by its manifest (manifest.hpp), and checked before anything is used.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "manifest.hpp"
#include "mapping.hpp"

namespace shardlm::io {

class DatasetFile {
 public:
  // Throws Error with one sentence for whatever is no file of this format. `format` outlives it.
  DatasetFile(const std::string& path, const FileFormat& format);

  const Manifest& manifest() const { return manifest_; }
  const DatasetSpec* find(const std::string& path) const;  // nullptr: there is none
  // Error unless the file has exactly these datasets, in this order.
  void require(const std::vector<DatasetSpec>& list) const;
  // Error unless every dataset has its checksum. Reads nothing where this state of the file was found whole before, nor where it is
  // memory that is fixed: checksums find what disks and networks damage, and such memory was filled by a process of this machine, with
  // bytes that it had found authentic (SealedImage). Nothing of it is remembered: a digest in the cache would tell of a sealed file.
  void verify() const;
  const std::uint8_t* at(const std::string& path) const;  // of a dataset that require() has found
  const Mapping& mapping() const { return mapping_; }  // of the whole file
  void prefer_huge_pages() const { mapping_.prefer_huge_pages(); }
  void make_resident() const { mapping_.make_resident(); }

 private:
  [[noreturn]] void refuse(const std::string& why) const;

  std::string path_;
  Mapping mapping_;
  Manifest manifest_;
  std::map<std::string, const Placed*> by_path_;
};

}  // namespace shardlm::io
