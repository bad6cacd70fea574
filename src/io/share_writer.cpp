// Cuts a model file in the four files of a share set.
#include <algorithm>
#include <iterator>

#include "dataset_file.hpp"
#include "dataset_writer.hpp"
#include "output_folder.hpp"
#include "parallel.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/word_panels.hpp"
#include "share_formats.hpp"

namespace shardlm::io {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{32} << 20;

// Panels first .. of W mod 2^64, exponents applied, minus the stream; rows beyond the last are the stream's negative, as uniform as all.
void share_panels(const MappedRows& rows, std::uint32_t matrix, std::size_t first, std::size_t some, const ShareStream& stream,
                  std::uint64_t* words) {
  const std::size_t size = rows.columns * kWordPanel;
  in_parallel(some, [&](std::size_t from, std::size_t count) {
    for (std::size_t p = from; p < from + count; ++p) {
      std::uint64_t* out = words + p * size;
      stream({matrix, rows.columns, first + p}, out);
      for (std::size_t c = 0; c < rows.columns; ++c)
        for (std::size_t r = 0; r < kWordPanel; ++r) {
          const std::size_t row = (first + p) * kWordPanel + r;
          const std::uint64_t w = row < rows.rows ? static_cast<std::uint64_t>(std::int64_t{weight_at(rows, row, c)}) << rows.exponents[row] : 0;
          out[c * kWordPanel + r] = w - out[c * kWordPanel + r];
        }
    }
  });
}

class Sharing {
 public:
  Sharing(const std::string& path, OutputFolder& folder, const ShareNumber& set, const Progress& progress)
      : source_(path, kModelFormat), model_(path), folder_(folder), set_(set), progress_(progress) {
    for (const Placed& p : source_.manifest().datasets) total_ += p.spec.bytes();
    for (const DatasetSpec& spec : word_datasets(model_.config())) total_ += spec.bytes();
    total_ += sizeof(ShareNumber);
  }

  std::uint64_t total() const { return total_; }

  void write_server1(const ShareStream& stream) {
    write(kShareFiles[2], kServer1ShareFormat, word_datasets(model_.config()), [&](DatasetWriter& writer) {
      std::uint32_t number = 0;
      for (const MatrixSpec& m : matrices(model_.config())) write_words(writer, m, number++, stream);
    });
  }

  void write_server0(const ShareNumber& seed) {
    write(kShareFiles[1], kServer0ShareFormat, {{"seed", Element::u8, {sizeof seed}}},
          [&](DatasetWriter& writer) { writer.write("seed", seed.data(), sizeof seed); });
  }

  // Datasets of the model file, as they are.
  template <class F>
  void copy(const std::string& name, const FileFormat& format, const F& wanted) {
    std::vector<DatasetSpec> list;
    for (const Placed& p : source_.manifest().datasets)
      if (wanted(p.spec.path)) list.push_back(p.spec);
    write(name, format, list, [&](DatasetWriter& writer) {
      for (const DatasetSpec& spec : list) {
        writer.begin(spec.path);
        for (std::uint64_t at = 0; at < spec.bytes(); at += kChunkBytes)
          writer.append(source_.at(spec.path) + at, std::min<std::uint64_t>(kChunkBytes, spec.bytes() - at));
        writer.end();
      }
    });
  }

 private:
  template <class F>
  void write(const std::string& name, const FileFormat& format, const std::vector<DatasetSpec>& list, const F& fill) {
    OutputFile file(folder_.file(name), folder_.free_space(), 0600);
    Manifest manifest;
    manifest.name = source_.manifest().name;
    manifest.attributes = attributes_of(model_.config());
    manifest.attributes["share_set"] = hex(set_);
    // The owner's own file alone: for whoever can guess a model, its digest is the answer.
    if (name == kShareFiles[3]) manifest.attributes["model"] = source_.manifest().digest;
    for (const DatasetSpec& spec : list) manifest.datasets.push_back({spec, 0});
    std::uint64_t bytes = 0;
    DatasetWriter writer(file, format, manifest, [&](std::uint64_t done, std::uint64_t) {
      bytes = done;
      if (progress_) progress_(done_ + done, total_);
    });
    fill(writer);
    writer.finish();
    file.publish();
    done_ += bytes;
  }

  void write_words(DatasetWriter& writer, const MatrixSpec& m, std::uint32_t number, const ShareStream& stream) {
    const MappedRows rows = model_.rows(m.path);
    const std::size_t panels = word_panels(m.rows), size = m.columns * kWordPanel, step = std::max<std::size_t>(1, kChunkBytes / (8 * size));
    std::vector<std::uint64_t> words(std::min(step, panels) * size);
    writer.begin(m.path);
    for (std::size_t at = 0; at < panels; at += step) {
      const std::size_t some = std::min(step, panels - at);
      share_panels(rows, number, at, some, stream, words.data());
      writer.append(words.data(), 8 * some * size);
    }
    writer.end();
  }

  const DatasetFile source_;
  const ModelFile model_;
  OutputFolder& folder_;
  const ShareNumber set_;
  const Progress& progress_;
  std::uint64_t done_ = 0, total_ = 0;
};

}  // namespace

void write_share_set(const std::string& model, const std::string& path, const ShareNumber& set, const ShareNumber& seed,
                     const ShareStream& stream, const Progress& progress, const FreeSpace& free_space) {
  OutputFolder folder(path, {std::begin(kShareFiles), std::end(kShareFiles)}, free_space, "shares");
  Sharing sharing(model, folder, set, progress);
  folder.require_room(sharing.total());
  sharing.write_server1(stream);
  sharing.write_server0(seed);
  sharing.copy(kShareFiles[0], kClientShareFormat, is_client_part);
  sharing.copy(kShareFiles[3], kDealerShareFormat, [](const std::string& dataset) { return !is_client_part(dataset); });
  folder.publish();
}

}  // namespace shardlm::io
