#include "shardlm/io/sealed_table.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "dataset_file.hpp"
#include "dataset_writer.hpp"
#include "output_folder.hpp"
#include "parallel.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/wipe.hpp"
#include "share_formats.hpp"
#include "verified.hpp"

namespace shardlm::io {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;
constexpr std::size_t kCopyBytes = std::size_t{32} << 20;

// The rows are sealed as they lie in the model file, so that what is opened is the table's row to the bit.
DatasetSpec sealed_rows(const DatasetSpec& embedding) {
  const std::uint64_t rows = embedding.shape.at(0), bytes = embedding.bytes() / rows;
  return {"sealed_rows", Element::u8, {rows, bytes + kSealBytes}, embedding.encoding};
}

// The texts of a model file, and what else `rest` has.
Manifest manifest_of(const DatasetFile& source, const ModelConfig& config, const std::vector<DatasetSpec>& rest) {
  Manifest manifest;
  manifest.name = source.manifest().name;
  manifest.attributes = attributes_of(config);
  for (const Placed& p : source.manifest().datasets)
    if (is_text(p.spec.path)) manifest.datasets.push_back({p.spec, 0});
  for (const DatasetSpec& spec : rest) manifest.datasets.push_back({spec, 0});
  return manifest;
}

void copy_texts(const DatasetFile& source, DatasetWriter& writer) {
  for (const Placed& p : source.manifest().datasets) {
    if (!is_text(p.spec.path)) continue;
    writer.begin(p.spec.path);
    for (std::uint64_t at = 0; at < p.spec.bytes(); at += kCopyBytes)
      writer.append(source.at(p.spec.path) + at, std::min<std::uint64_t>(kCopyBytes, p.spec.bytes() - at));
    writer.end();
  }
}

void write_rows(const EmbeddingRows& table, const RowSealer& seal, DatasetWriter& writer) {
  const std::size_t bytes = table.columns * bytes_of(table.type), sealed = bytes + kSealBytes;
  std::vector<std::uint8_t> out(std::min(kRowsAtOnce, table.rows) * sealed);
  writer.begin("sealed_rows");
  for (std::size_t at = 0; at < table.rows; at += kRowsAtOnce) {
    const std::size_t some = std::min(kRowsAtOnce, table.rows - at);
    in_parallel(some, [&](std::size_t first, std::size_t count) {
      seal(at + first, count, table.data + (at + first) * bytes, bytes, out.data() + first * sealed);
    });
    writer.append(out.data(), some * sealed);
  }
  writer.end();
}

void write_key(const std::string& path, const Manifest& table, const std::string& model, const SecretKey& key, const FreeSpace& free_space) {
  OutputFile file(path, free_space, 0600);
  Manifest manifest;
  manifest.name = table.name;
  manifest.attributes["table"] = table.digest;
  manifest.attributes["model"] = model;
  manifest.datasets.push_back({{"key", Element::u8, {sizeof key}}, 0});
  DatasetWriter writer(file, kTableKeyFormat, manifest, {});
  writer.write("key", key.data(), sizeof key);
  writer.finish();
  file.publish();
}

}  // namespace

void write_sealed_table(const std::string& model, const std::string& folder, const TableNumber& number, const SecretKey& key, const RowSealer& seal,
                        const Progress& progress, bool replaces, const FreeSpace& free_space) {
  const ModelFile whole(model);  // its checksums hold
  const DatasetFile source(model, kModelFormat);
  OutputFolder out(folder, {std::begin(kTableFiles), std::end(kTableFiles)}, free_space, "a sealed table and its key", replaces);
  const std::string table = out.file(kTableFiles[0]);
  Manifest manifest = manifest_of(source, whole.config(), {sealed_rows(*source.find("embedding"))});
  manifest.attributes["table"] = hex_of(number.data(), number.size());
  std::uint64_t bytes = 0;
  for (const Placed& p : manifest.datasets) bytes += p.spec.bytes();
  out.require_room(bytes);
  {
    OutputFile file(table, out.free_space(), 0600);
    DatasetWriter writer(file, kSealedTableFormat, manifest, progress);
    copy_texts(source, writer);
    write_rows(whole.embedding_rows(), seal, writer);
    writer.finish();
    file.publish();
  }
  write_key(out.file(kTableFiles[1]), DatasetFile(table, kSealedTableFormat).manifest(), whole.digest(), key, out.free_space());
  out.publish();
}

std::string texts_path(const std::string& model_digest) { return folder_in_cache("texts") + model_digest + ".h5"; }

void write_texts(const std::string& model, const std::string& out) {
  const ModelFile whole(model);
  const DatasetFile source(model, kModelFormat);
  OutputFile file(out);
  DatasetWriter writer(file, kTextsFormat, manifest_of(source, whole.config(), {}), {});
  copy_texts(source, writer);
  writer.finish();
  file.publish();
}

struct KeyFile::Impl {
  explicit Impl(const std::string& path) {
    const DatasetFile file(path, kTableKeyFormat);
    struct stat s {};
    if (stat(path.c_str(), &s) == 0 && (s.st_mode & 077) != 0)
      throw Error("cannot use " + path + ": others than its owner may read this key; make it private with chmod 600");
    file.require({{"key", Element::u8, {sizeof key}}});
    file.verify();
    std::memcpy(key.data(), file.at("key"), sizeof key);
    table = text_of(file.manifest().attributes, "table", path);
    model = text_of(file.manifest().attributes, "model", path);
  }
  ~Impl() { wipe(key.data(), key.size()); }

  SecretKey key{};
  std::string table, model;
};

KeyFile::KeyFile(const std::string& path) : impl_(new Impl(path)) {}
KeyFile::~KeyFile() = default;
KeyFile::KeyFile(KeyFile&&) noexcept = default;
const SecretKey& KeyFile::key() const { return impl_->key; }
const std::string& KeyFile::table() const { return impl_->table; }
const std::string& KeyFile::model() const { return impl_->model; }

}  // namespace shardlm::io
