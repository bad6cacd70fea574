// Seals a file, and makes an open copy of a sealed one.
#include "shardlm/io/sealed_file.hpp"

#include <algorithm>
#include <cstring>
#include <future>

#include "dataset_writer.hpp"
#include "parallel.hpp"
#include "sealed_reader.hpp"
#include "shardlm/core/error.hpp"
#include "share_formats.hpp"

namespace shardlm::io {
namespace {

constexpr std::size_t kChunksAtOnce = 8;

constexpr const FileFormat* kSealable[] = {&kModelFormat,       &kClientShareFormat, &kServer0ShareFormat, &kServer1ShareFormat,
                                           &kDealerShareFormat, &kSealedTableFormat, &kTableKeyFormat,     &kTextsFormat};

// Which of the project's formats it is; Error where it is none.
const FileFormat& sealable_format(const std::string& path) {
  const std::string name = format_of(path, Mapping(path));
  for (const FileFormat* format : kSealable)
    if (name == format->name) return *format;
  if (name == kSealedFileFormat.name) throw Error("cannot seal " + path + ": it is sealed already");
  if (!name.empty()) throw Error("cannot seal " + path + ": it is of format " + name + ", which this version does not know");
  static constexpr FileFormat kAny{"", 0, "file", "make it again with this version"};
  const DatasetFile none(path, kAny);  // says why
  throw Error("cannot seal " + path + ": it is no ShardLM file");
}

// A part of a file, encrypted on several threads. `part` is used again and again: new memory would cost as much as the encryption.
void seal_part(seal::Bytes& part, const seal::Key& content, const Envelope& e, const InputFile& clear, std::uint64_t first, std::uint64_t count,
               std::uint8_t* tags, unsigned threads) {
  const std::uint64_t from = first * kSealedChunk;
  part.resize(std::min(e.bytes, from + count * kSealedChunk) - from);
  clear.read(from, part.data(), part.size());
  in_parallel(count, [&](std::size_t begin, std::size_t some) {
    ChunkCipher cipher(content, e);
    for (std::uint64_t i = begin; i < begin + some; ++i)
      cipher.seal(first + i, part.data() + i * kSealedChunk, e.bytes_of(first + i), tags + (first + i) * seal::kTag);
  }, threads);
}

// One part is written while the next one is encrypted.
void write_image(DatasetWriter& writer, const seal::Key& content, const Envelope& e, const InputFile& clear, std::uint8_t* tags,
                 unsigned threads) {
  seal::Bytes parts[2];
  std::future<void> written;  // ends before they do
  writer.begin("image");
  for (std::uint64_t at = 0; at < e.chunks(); at += kChunksAtOnce) {
    seal::Bytes& part = parts[at / kChunksAtOnce % 2];
    seal_part(part, content, e, clear, at, std::min<std::uint64_t>(kChunksAtOnce, e.chunks() - at), tags, threads);
    if (written.valid()) written.get();
    written = std::async(std::launch::async, [&writer, &part] { writer.append(part.data(), part.size()); });
  }
  written.get();
  writer.end();
}

}  // namespace

bool is_sealed(const std::string& path) {
  try {
    return format_of(path, Mapping(path)) == kSealedFileFormat.name;
  } catch (const Error&) {
    return false;
  }
}

void seal_file(const std::string& path, const std::string& out, const Unlock& unlock, const Progress& progress, const FreeSpace& free_space,
               unsigned threads) {
  const DatasetFile source(path, sealable_format(path));
  source.verify();  // once it is sealed, nobody looks at its checksums again
  const InputFile clear(path);
  if (!(clear.state() == source.mapping().state())) throw Error("cannot seal " + path + ": it was replaced just now; try again");
  const seal::Key content = seal::random_key();
  const Envelope envelope = wrap(content, clear.state().size, unlock);
  Manifest manifest;
  manifest.name = "sealed";
  manifest.attributes = attributes_of(envelope);
  for (const DatasetSpec& spec : datasets_of(envelope)) manifest.datasets.push_back({spec, 0});
  OutputFile file(out, free_space, 0600);
  DatasetWriter writer(file, kSealedFileFormat, manifest, progress);
  seal::Bytes tags(envelope.chunks() * seal::kTag);
  write_image(writer, content, envelope, clear, tags.data(), threads);
  writer.write("tags", tags.data(), tags.size());
  writer.finish();
  file.publish();
}

void unseal_file(const std::string& path, const std::string& out, const Unlock& unlock, const Progress& progress, const FreeSpace& free_space,
                 unsigned threads) {
  const SealedReader reader(path, unlock);
  OutputFile file(out, free_space, 0600);
  file.reserve(reader.bytes());
  reader.read([&file](std::uint64_t offset, const std::uint8_t* data, std::size_t n) { file.write(offset, data, n); }, progress, threads);
  file.publish();
}

}  // namespace shardlm::io
