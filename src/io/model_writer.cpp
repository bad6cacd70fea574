#include "model_writer.hpp"

#include <utility>

#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

using hdf5::Handle;

[[noreturn]] void fail(const char* what) {
  throw Error(std::string("cannot write the model file: HDF5 refuses ") + what + "; the disk may be full");
}

// Datasets at multiples of kAlignment; HDF5's own metadata with its checksums (file format of 1.10).
Handle create(const std::string& path) {
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_alignment(access, 1, kAlignment);
  H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
  Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
  if (!file.valid()) fail("to create it");
  return file;
}

Handle link_properties() {
  Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  return links;
}

// Contiguous, its place decided now, nothing written to it. Returns that place.
std::uint64_t create_dataset(hid_t file, const DatasetSpec& spec) {
  const Handle space(H5Screate_simple(static_cast<int>(spec.shape.size()), spec.shape.data(), nullptr), H5Sclose);
  const Handle links = link_properties(), properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_layout(properties, H5D_CONTIGUOUS);
  H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
  const Handle dataset(H5Dcreate2(file, spec.path.c_str(), file_type(spec.element), space, links, properties, H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) fail("a dataset");
  hdf5::write(dataset, "sha256", std::string(64, '0'));
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF) fail("a dataset");
  return offset;
}

}  // namespace

ModelWriter::ModelWriter(OutputFile& file, const ModelConfig& config, FloatType embedding, std::size_t tokenizer_bytes,
                         std::size_t template_bytes, const std::string& name, Progress progress)
    : file_(file),
      config_(config),
      embedding_(embedding),
      progress_(std::move(progress)),
      list_(datasets(config, embedding, tokenizer_bytes, template_bytes)),
      h5_(create(file.hidden_path())) {
  hdf5::write(h5_, "format", std::string(kFormat));
  hdf5::write(h5_, "version", kVersion);
  hdf5::write(h5_, "name", name);
  write_config(h5_, config);
  for (const DatasetSpec& spec : list_) {
    offsets_.push_back(create_dataset(h5_, spec));
    total_ += spec.bytes();
  }
  const Handle table(H5Dopen2(h5_, "embedding", H5P_DEFAULT), H5Dclose);
  hdf5::write(table, "encoding", std::string(shardlm::io::name(embedding)));
  hsize_t size = 0;
  if (H5Fget_filesize(h5_, &size) < 0) fail("to say its size");
  file_.reserve(size);
}

void ModelWriter::begin(const std::string& path) {
  const std::size_t next = checksums_.size();
  if (next >= list_.size() || list_[next].path != path) throw Error("dataset " + path + " of a model file is written out of order");
  within_ = 0;
}

void ModelWriter::append(const void* data, std::size_t bytes) {
  const DatasetSpec& spec = list_.at(checksums_.size());
  if (within_ + bytes > spec.bytes())
    throw Error("dataset " + spec.path + " of a model file gets more than its " + std::to_string(spec.bytes()) + " bytes");
  file_.write(offsets_[checksums_.size()] + within_, data, bytes);
  checksum_.add(data, bytes);
  within_ += bytes;
  done_ += bytes;
  if (progress_) progress_(done_, total_);
}

void ModelWriter::end() {
  const DatasetSpec& spec = list_.at(checksums_.size());
  if (within_ != spec.bytes())
    throw Error("dataset " + spec.path + " of a model file got " + std::to_string(within_) + " of its " + std::to_string(spec.bytes()) +
                " bytes");
  checksums_.push_back(checksum_.hex());
}

void ModelWriter::write(const std::string& path, const void* data, std::size_t bytes) {
  begin(path);
  append(data, bytes);
  end();
}

void ModelWriter::finish() {
  for (std::size_t i = 0; i < list_.size(); ++i) {
    const Handle dataset(H5Dopen2(h5_, list_[i].path.c_str(), H5P_DEFAULT), H5Dclose);
    const Handle attribute(H5Aopen(dataset, "sha256", H5P_DEFAULT), H5Aclose), type(H5Aget_type(attribute), H5Tclose);
    if (H5Awrite(attribute, type, checksums_.at(i).data()) < 0) fail("a checksum");
  }
  hdf5::write(h5_, "digest", digest_of(config_, embedding_, list_, checksums_));
  if (H5Fflush(h5_, H5F_SCOPE_GLOBAL) < 0 || !h5_.reset()) fail("to finish it");
}

}  // namespace shardlm::io
