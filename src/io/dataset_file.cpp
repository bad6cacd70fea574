#include "dataset_file.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "checksum.hpp"
#include "shardlm/core/error.hpp"
#include "verified.hpp"

namespace shardlm::io {
namespace {

// The name of a dataset whose bytes have another checksum, or "". The largest first, so that threads finish together.
std::string damaged(const Mapping& mapping, std::vector<Placed> list) {
  list.erase(std::remove_if(list.begin(), list.end(), [](const Placed& dataset) { return !dataset.spec.has_checksum(); }), list.end());
  std::sort(list.begin(), list.end(), [](const Placed& a, const Placed& b) { return a.spec.bytes() > b.spec.bytes(); });
  std::atomic<std::size_t> next{0}, bad{list.size()};
  const auto work = [&] {
    Checksum sum;
    for (std::size_t i; bad == list.size() && (i = next++) < list.size();) {
      sum.add(mapping.data() + list[i].offset, list[i].spec.bytes());
      if (sum.hex() != list[i].sha256) bad = i;
    }
  };
  std::vector<std::thread> pool;
  for (unsigned t = 1; t < std::min(16u, std::thread::hardware_concurrency()); ++t) pool.emplace_back(work);
  work();
  for (std::thread& t : pool) t.join();
  return bad == list.size() ? std::string() : list[bad].spec.path;
}

}  // namespace

DatasetFile::DatasetFile(const std::string& path, const FileFormat& format)
    : path_(path), mapping_(path), manifest_(read_manifest(path, mapping_, format)) {
  for (const Placed& dataset : manifest_.datasets) by_path_[dataset.spec.path] = &dataset;
}

void DatasetFile::refuse(const std::string& why) const { throw Error("cannot use " + path_ + ": " + why); }

const DatasetSpec* DatasetFile::find(const std::string& path) const {
  const auto at = by_path_.find(path);
  return at == by_path_.end() ? nullptr : &at->second->spec;
}

void DatasetFile::require(const std::vector<DatasetSpec>& list) const {
  const std::vector<Placed>& has = manifest_.datasets;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const DatasetSpec* found = find(list[i].path);
    const std::string what = "dataset " + list[i].path;
    if (!found) refuse("it has no " + what);
    if (found->element != list[i].element || found->encoding != list[i].encoding)
      refuse(what + " has another type of numbers than it should");
    if (found->shape != list[i].shape) refuse(what + " has not the shape that its configuration needs");
    if (found != &has[i].spec) refuse(what + " is not in its place in the manifest's list");
  }
  if (has.size() > list.size()) refuse("it has a dataset " + has[list.size()].spec.path + " that its configuration does not need");
}

void DatasetFile::verify() const {
  if (mapping_.fixed()) return;
  const VerifiedFiles known;
  if (known.contains(path_, mapping_.state(), manifest_.digest)) return;
  const std::string bad = damaged(mapping_, manifest_.datasets);
  if (!bad.empty()) refuse("dataset " + bad + " does not match its checksum, so the file is damaged");
  known.add(path_, mapping_.state(), manifest_.digest);
}

const std::uint8_t* DatasetFile::at(const std::string& path) const { return mapping_.data() + by_path_.at(path)->offset; }

}  // namespace shardlm::io
