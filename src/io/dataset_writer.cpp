#include "dataset_writer.hpp"

#include <future>
#include <utility>

#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

using hdf5::Handle;

constexpr std::size_t kWorthAThread = std::size_t{1} << 20;

// Owned by HDF5.
hid_t file_type(Element element) {
  switch (element) {
    case Element::u8:
      return H5T_STD_U8LE;
    case Element::i8:
      return H5T_STD_I8LE;
    case Element::u16:
      return H5T_STD_U16LE;
    case Element::i16:
      return H5T_STD_I16LE;
    case Element::f32:
      return H5T_IEEE_F32LE;
    case Element::u64:
      return H5T_STD_U64LE;
    case Element::i64:
      break;
  }
  return H5T_STD_I64LE;
}

Manifest of_format(const FileFormat& format, Manifest manifest) {
  manifest.format = format.name;
  manifest.version = format.version;
  return manifest;
}

Handle link_properties() {
  Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  return links;
}

}  // namespace

DatasetWriter::DatasetWriter(OutputFile& file, const FileFormat& format, Manifest manifest, Progress progress)
    : file_(file),
      format_(format),
      manifest_(of_format(format, std::move(manifest))),
      progress_(std::move(progress)),
      user_block_(user_block_for(manifest_)),
      h5_(create()) {
  hdf5::write(h5_, "format", manifest_.format);
  hdf5::write(h5_, "version", manifest_.version);
  hdf5::write(h5_, "name", manifest_.name);
  for (const auto& [name, value] : manifest_.attributes.items()) hdf5::write(h5_, name.c_str(), value);
  for (Placed& dataset : manifest_.datasets) {
    dataset.offset = create_dataset(dataset.spec);
    total_ += dataset.spec.bytes();
  }
  hsize_t size = 0;
  if (H5Fget_filesize(h5_, &size) < 0) fail("to say its size");
  file_.reserve(size);
}

void DatasetWriter::fail(const std::string& what) const {
  throw Error(std::string("cannot write the ") + format_.noun + ": HDF5 refuses " + what + "; the disk may be full");
}

// Behind a block for the manifest; datasets at multiples of kAlignment, of which every user block is one; HDF5's own metadata with
// its checksums (file format of 1.10).
Handle DatasetWriter::create() const {
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose), creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_userblock(creation, user_block_);
  H5Pset_alignment(access, 1, kAlignment);
  H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
  Handle file(H5Fcreate(file_.hidden_path().c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose);
  if (!file.valid()) fail("to create it");
  return file;
}

// Contiguous, its place decided now, nothing written to it. Returns that place, which HDF5 counts from the start of the file.
std::uint64_t DatasetWriter::create_dataset(const DatasetSpec& spec) const {
  const std::vector<hsize_t> shape(spec.shape.begin(), spec.shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
  const Handle links = link_properties(), properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_layout(properties, H5D_CONTIGUOUS);
  H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
  const Handle dataset(H5Dcreate2(h5_, spec.path.c_str(), file_type(spec.element), space, links, properties, H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) fail("a dataset");
  if (spec.has_checksum()) hdf5::write(dataset, "sha256", std::string(64, '0'));
  if (!spec.encoding.empty()) hdf5::write(dataset, "encoding", spec.encoding);
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF || offset < user_block_) fail("a dataset");
  return offset;
}

std::string DatasetWriter::named(const DatasetSpec& spec) const { return "dataset " + spec.path + " of a " + format_.noun; }

void DatasetWriter::begin(const std::string& path) {
  if (current_ >= manifest_.datasets.size() || manifest_.datasets[current_].spec.path != path)
    throw Error("dataset " + path + " of a " + format_.noun + " is written out of order");
  within_ = 0;
}

void DatasetWriter::append(const void* data, std::size_t bytes) {
  const Placed& dataset = manifest_.datasets.at(current_);
  if (within_ + bytes > dataset.spec.bytes())
    throw Error(named(dataset.spec) + " gets more than its " + std::to_string(dataset.spec.bytes()) + " bytes");
  std::future<void> written;
  const auto write = [&] { file_.write(dataset.offset + within_, data, bytes); };
  if (bytes < kWorthAThread || !dataset.spec.has_checksum())
    write();
  else
    written = std::async(std::launch::async, write);  // a disk is about as fast as the checksum
  if (dataset.spec.has_checksum()) checksum_.add(data, bytes);
  if (written.valid()) written.get();
  within_ += bytes;
  done_ += bytes;
  if (progress_) progress_(done_, total_);
}

void DatasetWriter::end() {
  Placed& dataset = manifest_.datasets.at(current_);
  if (within_ != dataset.spec.bytes())
    throw Error(named(dataset.spec) + " got " + std::to_string(within_) + " of its " + std::to_string(dataset.spec.bytes()) + " bytes");
  if (dataset.spec.has_checksum()) dataset.sha256 = checksum_.hex();
  ++current_;
}

void DatasetWriter::write(const std::string& path, const void* data, std::size_t bytes) {
  begin(path);
  append(data, bytes);
  end();
}

void DatasetWriter::finish() {
  if (current_ != manifest_.datasets.size()) throw Error(named(manifest_.datasets[current_].spec) + " was not written");
  for (const Placed& p : manifest_.datasets) {
    if (!p.spec.has_checksum()) continue;
    const Handle dataset(H5Dopen2(h5_, p.spec.path.c_str(), H5P_DEFAULT), H5Dclose);
    const Handle attribute(H5Aopen(dataset, "sha256", H5P_DEFAULT), H5Aclose), type(H5Aget_type(attribute), H5Tclose);
    if (H5Awrite(attribute, type, p.sha256.data()) < 0) fail("a checksum");
  }
  manifest_.digest = digest_of(manifest_);
  hdf5::write(h5_, "digest", manifest_.digest);
  if (H5Fflush(h5_, H5F_SCOPE_GLOBAL) < 0 || !h5_.reset()) fail("to finish it");
  const std::string front = encode(manifest_, user_block_, file_.size());
  file_.write(0, front.data(), front.size());
}

}  // namespace shardlm::io
