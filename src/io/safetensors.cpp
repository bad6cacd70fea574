#include "shardlm/io/safetensors.hpp"

#include <algorithm>

#include "json_file.hpp"
#include "mapping.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxHeader = 100000000;  // the format's own limit
constexpr std::size_t kMaxIndex = 100000000;

struct Entry {
  std::string type;
  FloatTensor tensor;  // its type is meaningful only where `type` is one of FloatType's
  std::size_t begin = 0, end = 0;
};

std::size_t element_bytes(const std::string& type) {
  static const std::map<std::string, std::size_t> sizes = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
                                                           {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                                                           {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};
  const auto at = sizes.find(type);
  return at == sizes.end() ? 0 : at->second;
}

std::vector<std::size_t> unsigned_list(const json& value) {
  if (!value.is_array()) throw Error("not a list");
  std::vector<std::size_t> list;
  for (const json& x : value) {
    if (!x.is_number_unsigned()) throw Error("not a list of whole numbers");
    list.push_back(x.get<std::size_t>());
  }
  return list;
}

// The tensors of one file.
class Shard {
 public:
  explicit Shard(const std::string& path) : path_(path), mapping_(path) {
    const std::size_t size = mapping_.size();
    if (size < 8) refuse("it is too short to be a safetensors file");
    std::uint64_t header = 0;
    for (int i = 7; i >= 0; --i) header = header << 8 | mapping_.data()[i];
    if (header > kMaxHeader) refuse("its header would have " + std::to_string(header) + " bytes, so it is no safetensors file");
    if (header > size - 8) refuse("it is truncated: it ends within its header");
    parse(header);
    require_whole(size - 8 - header);
    for (Entry& e : entries_) e.tensor.data = mapping_.data() + 8 + header + e.begin;
  }

  const std::vector<Entry>& entries() const { return entries_; }
  const Mapping& mapping() const { return mapping_; }
  const std::string& path() const { return path_; }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw Error("cannot use " + path_ + ": " + why); }

  void parse(std::size_t header) {
    const char* text = reinterpret_cast<const char*>(mapping_.data()) + 8;
    const json top = parse_json(text, text + header, "cannot use " + path_ + ": its header");
    if (!top.is_object()) refuse("its header is not a JSON object");
    for (const auto& [name, description] : top.items())
      if (name != "__metadata__") entries_.push_back(entry(name, description));
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  }

  Entry entry(const std::string& name, const json& d) const {
    Entry e;
    if (!d.is_object() || !d.contains("dtype") || !d.at("dtype").is_string() || !d.contains("shape") || !d.contains("data_offsets"))
      refuse("tensor " + name + " lacks a dtype, shape or data_offsets");
    std::vector<std::size_t> offsets;
    try {
      e.tensor.shape = unsigned_list(d.at("shape"));
      offsets = unsigned_list(d.at("data_offsets"));
    } catch (const Error& what) {
      refuse("the shape or data_offsets of tensor " + name + " is " + what.what());
    }
    e.type = d.at("dtype").get<std::string>();
    std::size_t bytes = element_bytes(e.type);
    if (bytes == 0) refuse("tensor " + name + " has the unknown type " + e.type);
    for (const std::size_t extent : e.tensor.shape)
      if (__builtin_mul_overflow(bytes, extent, &bytes)) refuse("the shape of tensor " + name + " is too large");
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] - offsets[0] != bytes)
      refuse("the data_offsets of tensor " + name + " do not span the " + std::to_string(bytes) + " bytes of its shape");
    e.begin = offsets[0];
    e.end = offsets[1];
    e.tensor.name = name;
    return e;
  }

  void require_whole(std::size_t data_bytes) const {
    std::size_t at = 0;
    for (const Entry& e : entries_) {
      if (e.begin < at) refuse("tensor " + e.tensor.name + " overlaps another");
      if (e.begin > at) refuse("there are unused bytes before tensor " + e.tensor.name);
      if (e.end > data_bytes)
        refuse("it is truncated: tensor " + e.tensor.name + " ends at byte " + std::to_string(e.end) + " of " + std::to_string(data_bytes));
      at = e.end;
    }
    if (at != data_bytes) refuse("there are " + std::to_string(data_bytes - at) + " bytes after the last tensor");
  }

  std::string path_;
  Mapping mapping_;
  std::vector<Entry> entries_;
};

bool exists(const std::string& path) {
  try {
    file_state(path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Tensor name to file name, as an index gives it.
std::map<std::string, std::string> read_index(const std::string& path) {
  const json index = parse_json(read_text(path, kMaxIndex), path);
  if (!index.is_object() || !index.contains("weight_map") || !index.at("weight_map").is_object()) throw Error(path + " has no weight_map");
  std::map<std::string, std::string> files;
  for (const auto& [tensor, file] : index.at("weight_map").items()) {
    if (!file.is_string()) throw Error(path + " names no file for tensor " + tensor);
    const std::string name = file.get<std::string>();
    if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos)
      throw Error(path + " names the file \"" + name + "\", which is not beside it");
    files[tensor] = name;
  }
  if (files.empty()) throw Error(path + " names no tensor");
  return files;
}

}  // namespace

struct SafeTensors::Impl {
  std::string folder;
  std::vector<Shard> shards;
  std::map<std::string, std::pair<std::size_t, Entry>> tensors;  // name to shard and entry

  void add(const std::string& path) {
    shards.emplace_back(path);
    for (const Entry& e : shards.back().entries())
      if (!tensors.emplace(e.tensor.name, std::make_pair(shards.size() - 1, e)).second)
        throw Error("tensor " + e.tensor.name + " is in two files of " + folder);
  }
};

SafeTensors::SafeTensors(const std::string& folder) : impl_(new Impl) {
  impl_->folder = folder;
  const std::string single = folder + "/model.safetensors", index = single + ".index.json";
  if (exists(single)) {
    impl_->add(single);
    return;
  }
  if (!exists(index)) throw Error(folder + " has neither model.safetensors nor model.safetensors.index.json");
  const auto files = read_index(index);
  std::map<std::string, std::size_t> shard_of;
  for (const auto& [tensor, file] : files)
    if (shard_of.emplace(file, impl_->shards.size()).second) impl_->add(folder + "/" + file);
  for (const auto& [tensor, file] : files) {
    const auto at = impl_->tensors.find(tensor);
    if (at == impl_->tensors.end() || at->second.first != shard_of.at(file))
      throw Error(folder + "/" + file + " lacks tensor " + tensor + ", which the index places there");
  }
}

SafeTensors::~SafeTensors() = default;
SafeTensors::SafeTensors(SafeTensors&&) noexcept = default;

bool SafeTensors::contains(const std::string& name) const { return impl_->tensors.count(name) != 0; }

const FloatTensor& SafeTensors::tensor(const std::string& name, const std::vector<std::size_t>& shape) const {
  const auto at = impl_->tensors.find(name);
  if (at == impl_->tensors.end()) throw Error(impl_->folder + " has no tensor " + name);
  Entry& e = at->second.second;
  const json want = shape, have = e.tensor.shape;
  if (want != have)
    throw Error("tensor " + name + " of " + impl_->folder + " has shape " + have.dump() + " where the configuration needs " + want.dump());
  try {
    e.tensor.type = float_type(e.type);
  } catch (const Error& what) {
    throw Error("cannot use tensor " + name + " of " + impl_->folder + ": " + what.what());
  }
  return e.tensor;
}

void SafeTensors::release(const FloatTensor& tensor, std::size_t first, std::size_t n) const {
  const auto at = impl_->tensors.find(tensor.name);
  if (at == impl_->tensors.end()) return;
  impl_->shards[at->second.first].mapping().release(tensor.data + first * bytes_of(tensor.type), n * bytes_of(tensor.type));
}

}  // namespace shardlm::io
