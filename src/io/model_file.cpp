#include "shardlm/io/model_file.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <thread>

#include "checksum.hpp"
#include "hdf5.hpp"
#include "layout.hpp"
#include "mapping.hpp"
#include "shardlm/core/error.hpp"
#include "verified.hpp"

namespace shardlm::io {
namespace {

using hdf5::Handle;

// A dataset's place in the mapped file.
struct Placed {
  DatasetSpec spec;
  std::uint64_t offset = 0;
  std::string checksum;
};

// All that HDF5 knows about a file; nothing of the data is read.
class Contents {
 public:
  Contents(const std::string& path, std::uint64_t size) : path_(path), size_(size), file_(open()) {
    std::string format;
    std::int64_t version = 0;
    if (!hdf5::read(file_, "format", format) || format != kFormat) refuse("it is an HDF5 file, but no ShardLM model");
    if (!hdf5::read(file_, "version", version)) refuse("it does not say its version, so it is damaged");
    if (version != kVersion)
      refuse("its format version is " + std::to_string(version) + " and this program reads version " + std::to_string(kVersion) +
             "; convert the checkpoint again");
    config = read_config(file_, path_);
    if (!hdf5::read(file_, "name", name)) refuse("it lacks the attribute name, so it is damaged");
    const FloatType encoding = read_encoding();
    for (const DatasetSpec& spec :
         datasets(config, encoding, length_of("tokenizer"), has("chat_template") ? length_of("chat_template") : 0))
      placed.push_back(place(spec));
    embedding = encoding;
    check_digest();
    file_.reset();  // before the session ends
  }

  ModelConfig config;
  FloatType embedding = FloatType::bf16;
  std::string name, digest;
  std::vector<Placed> placed;

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw Error("cannot use " + path_ + ": " + why); }

  Handle open() const {
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 12 && H5_VERS_RELEASE == 0)
    H5Pset_file_locking(access, false, true);  // a read-only or locked-down file system is no hindrance
#endif
    const htri_t is_hdf5 = H5Fis_hdf5(path_.c_str());
    if (is_hdf5 <= 0) refuse("it is not an HDF5 file");
    Handle file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
    if (!file.valid()) refuse("it is truncated or damaged");
    return file;
  }

  // A hard link at every step: others may lead out of the file.
  bool has(const std::string& path) const {
    for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
      const std::string part = path.substr(0, slash);
      H5L_info_t info;
      if (H5Lexists(file_, part.c_str(), H5P_DEFAULT) <= 0 || H5Lget_info(file_, part.c_str(), &info, H5P_DEFAULT) < 0 ||
          info.type != H5L_TYPE_HARD)
        return false;
      if (slash == std::string::npos) return true;
    }
  }

  Handle dataset(const std::string& path) const {
    Handle d(has(path) ? H5Dopen2(file_, path.c_str(), H5P_DEFAULT) : -1, H5Dclose);
    if (!d.valid()) refuse("it has no dataset " + path);
    return d;
  }

  std::vector<hsize_t> shape_of(const Handle& d, const std::string& path) const {
    const Handle space(H5Dget_space(d), H5Sclose);
    const int rank = space.valid() ? H5Sget_simple_extent_ndims(space) : -1;
    if (rank < 1 || rank > 8) refuse("dataset " + path + " has not the shape that its configuration needs");
    std::vector<hsize_t> shape(rank);
    H5Sget_simple_extent_dims(space, shape.data(), nullptr);
    return shape;
  }

  std::size_t length_of(const std::string& path) const {
    const std::vector<hsize_t> shape = shape_of(dataset(path), path);
    if (shape.size() != 1 || shape[0] < 1 || shape[0] > size_) refuse("dataset " + path + " is not a text");
    return shape[0];
  }

  FloatType read_encoding() const {
    std::string encoding;
    if (!hdf5::read(dataset("embedding"), "encoding", encoding)) refuse("its embedding does not say how numbers are encoded");
    try {
      return float_type(encoding);
    } catch (const Error& e) {
      refuse(std::string("the embedding cannot be read: ") + e.what());
    }
  }

  Placed place(const DatasetSpec& spec) const {
    const std::string what = "dataset " + spec.path;
    const Handle d = dataset(spec.path), type(H5Dget_type(d), H5Tclose), properties(H5Dget_create_plist(d), H5Pclose);
    if (!type.valid() || H5Tequal(type, file_type(spec.element)) <= 0) refuse(what + " has another type of numbers than it should");
    if (shape_of(d, spec.path) != spec.shape) refuse(what + " has not the shape that its configuration needs");
    if (!properties.valid() || H5Pget_layout(properties) != H5D_CONTIGUOUS || H5Pget_external_count(properties) != 0)
      refuse(what + " is not stored in one piece in the file, so it cannot be mapped into memory");
    const haddr_t offset = H5Dget_offset(d);
    if (offset == HADDR_UNDEF || offset > size_ || spec.bytes() > size_ - offset)
      refuse("it is truncated: " + what + " ends beyond the end of the file");
    if (offset % kAlignment != 0)
      refuse(what + " is not aligned to " + std::to_string(kAlignment) + " bytes; convert the checkpoint again");
    Placed p{spec, offset, {}};
    if (!hdf5::read(d, "sha256", p.checksum)) refuse(what + " has no checksum");
    return p;
  }

  void check_digest() {
    std::vector<DatasetSpec> list;
    std::vector<std::string> sums;
    for (const Placed& p : placed) {
      list.push_back(p.spec);
      sums.push_back(p.checksum);
    }
    if (!hdf5::read(file_, "digest", digest) || digest != digest_of(config, embedding, list, sums))
      refuse("its digest does not match its configuration and checksums, so it is damaged");
  }

  std::string path_;
  std::uint64_t size_;
  Handle file_;
};

// The name of a dataset whose bytes have another checksum, or "". The largest first, so that threads finish together.
std::string damaged(const Mapping& mapping, std::vector<Placed> list) {
  std::sort(list.begin(), list.end(), [](const Placed& a, const Placed& b) { return a.spec.bytes() > b.spec.bytes(); });
  std::atomic<std::size_t> next{0}, bad{list.size()};
  const auto work = [&] {
    Checksum sum;
    for (std::size_t i; bad == list.size() && (i = next++) < list.size();) {
      sum.add(mapping.data() + list[i].offset, list[i].spec.bytes());
      if (sum.hex() != list[i].checksum) bad = i;
    }
  };
  std::vector<std::thread> pool;
  for (unsigned t = 1; t < std::min(16u, std::thread::hardware_concurrency()); ++t) pool.emplace_back(work);
  work();
  for (std::thread& t : pool) t.join();
  return bad == list.size() ? std::string() : list[bad].spec.path;
}

void verify(const std::string& path, const Mapping& mapping, const Contents& contents) {
  const VerifiedFiles known;
  if (known.contains(path, mapping.state(), contents.digest)) return;
  const std::string bad = damaged(mapping, contents.placed);
  if (!bad.empty()) throw Error("cannot use " + path + ": dataset " + bad + " does not match its checksum, so the file is damaged");
  known.add(path, mapping.state(), contents.digest);
}

// The writer's form of HDF5, with a checksum on every piece of the library's own data. Older forms have none, so that the library would
// follow damaged ones wherever they lead.
void check_superblock(const std::string& path, const Mapping& mapping) {
  constexpr char kSignature[] = "\x89HDF\r\n\x1a\n";
  constexpr std::size_t kLength = sizeof kSignature - 1;
  constexpr std::uint8_t kSuperblock = 3;
  if (mapping.size() <= kLength || std::memcmp(mapping.data(), kSignature, kLength) != 0)
    throw Error("cannot use " + path + ": it is not an HDF5 file");
  if (mapping.data()[kLength] != kSuperblock) throw Error("cannot use " + path + ": it is an HDF5 file, but no ShardLM model");
}

Contents read_contents(const std::string& path, const Mapping& mapping) {
  check_superblock(path, mapping);
  const hdf5::Session session;
  Contents contents(path, mapping.size());
  if (!(file_state(path) == mapping.state())) throw Error("cannot use " + path + ": it changed while it was being opened");
  return contents;
}

}  // namespace

struct ModelFile::Impl {
  explicit Impl(const std::string& path) : mapping(path) {
    Contents contents = read_contents(path, mapping);
    verify(path, mapping, contents);
    mapping.prefer_huge_pages();
    config = contents.config;
    encoding = contents.embedding;
    digest = contents.digest;
    name = contents.name;
    for (const Placed& p : contents.placed) at[p.spec.path] = mapping.data() + p.offset;
    for (const Placed& p : contents.placed) {
      const std::string text(p.spec.element == Element::u8 ? reinterpret_cast<const char*>(mapping.data() + p.offset) : "",
                             p.spec.element == Element::u8 ? p.spec.bytes() : 0);
      if (p.spec.path == "tokenizer") tokenizer = text;
      if (p.spec.path == "chat_template") chat_template = text;
    }
    for (const MatrixSpec& m : matrices(config))
      rows[m.path] = {m.rows, m.columns, m.planes, reinterpret_cast<const std::int16_t*>(at.at(m.path)),
                      reinterpret_cast<const std::int8_t*>(at.at(m.path + "_exponents"))};
  }

  Mapping mapping;
  ModelConfig config;
  FloatType encoding = FloatType::bf16;
  std::string digest, name, tokenizer, chat_template;
  std::map<std::string, const std::uint8_t*> at;
  std::map<std::string, MappedRows> rows;
};

ModelFile::ModelFile(const std::string& path) : impl_(new Impl(path)) {}
ModelFile::~ModelFile() = default;
ModelFile::ModelFile(ModelFile&&) noexcept = default;

const ModelConfig& ModelFile::config() const { return impl_->config; }
const std::string& ModelFile::digest() const { return impl_->digest; }
const std::string& ModelFile::tokenizer_json() const { return impl_->tokenizer; }
const std::string& ModelFile::chat_template() const { return impl_->chat_template; }
const std::string& ModelFile::name() const { return impl_->name; }

MappedRows ModelFile::rows(const std::string& dataset) const {
  const auto at = impl_->rows.find(dataset);
  if (at == impl_->rows.end()) throw Error("a model file has no weights " + dataset);
  return at->second;
}

const std::int64_t* ModelFile::qkv_bias(std::size_t layer) const {
  const auto at = impl_->at.find("layers/" + std::to_string(layer) + "/qkv_bias");
  if (at == impl_->at.end()) throw Error("a model of " + std::to_string(config().layers) + " layers has no layer " + std::to_string(layer));
  return reinterpret_cast<const std::int64_t*>(at->second);
}

void ModelFile::embedding(std::size_t token, float* row) const {
  const std::size_t hidden = config().hidden;
  if (token >= config().vocabulary)
    throw Error("token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(config().vocabulary));
  to_float(impl_->encoding, impl_->at.at("embedding") + token * hidden * bytes_of(impl_->encoding), hidden, row);
}

}  // namespace shardlm::io
