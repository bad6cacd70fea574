#include <algorithm>
#include <cstring>
#include <set>

#include "checksum.hpp"
#include "json_file.hpp"
#include "manifest.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxRank = 8, kMaxName = 256;

// What may be printed, and name a dataset or a format.
bool is_name(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
  };
  return !text.empty() && text.size() <= kMaxName && std::all_of(text.begin(), text.end(), plain);
}

bool is_checksum(const std::string& text) { return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos; }

class Reader {
 public:
  Reader(const std::string& path, const Mapping& file, const FileFormat& format) : path_(path), file_(file), format_(format) {}

  std::string format() {
    const json top = object();
    const std::string name = string(top, "format", "its manifest");
    return is_name(name) ? name : "";
  }

  Manifest read() {
    const json top = object();
    Manifest m;
    m.format = string(top, "format", "its manifest");
    if (m.format != format_.name) require_sealing_alike(m.format);
    if (m.format == "shardlm-model" && m.format != format_.name)
      refuse("it is a whole model file; make shares of it first (shardlm share)");  // the same words on every rank
    if (m.format.compare(0, 14, "shardlm-share-") == 0 && m.format != format_.name)
      refuse("it is a rank's file of a share set (" + (is_name(m.format) ? m.format : "?") + ") and no " + format_.noun +
             "; --protocol v3-mpc takes it, at that rank");
    if (m.format == "shardlm-table-key" && m.format != format_.name) refuse("it is the key of a sealed table, which no client may have");
    if (m.format != format_.name)
      refuse("it is " + (is_name(m.format) ? "of format " + m.format : std::string("of another format")) + " and no " + format_.noun + "; " + format_.remedy);
    require_version("its format", whole(top, "version", "its manifest"), format_.version);
    m.version = format_.version;
    m.name = string(top, "name", "its manifest");
    m.digest = string(top, "digest", "its manifest");
    m.attributes = member(top, "attributes", "its manifest");
    if (!m.attributes.is_object()) refuse("the attributes in its manifest are not a JSON object, so it is damaged");
    m.datasets = placed_list(member(top, "datasets", "its manifest"));
    if (m.digest != digest_of(m)) refuse("its digest does not match its attributes and checksums, so it is damaged");
    return m;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw Error("cannot use " + path_ + ": " + why); }

  void require_sealing_alike(const std::string& format) const {
    const std::string sealed = "shardlm-sealed";
    if (format == sealed) refuse("it is sealed; give its key to a command that takes one, or make an open copy of it (shardlm unseal)");
    if (format_.name == sealed) refuse("it is not sealed, so it can be used as it is");
  }

  void require_version(const std::string& whose, std::uint64_t has, std::uint64_t wanted) const {
    if (has != wanted)
      refuse(whose + " version is " + std::to_string(has) + " and this program reads version " + std::to_string(wanted) + "; " +
             format_.remedy);
  }

  std::uint64_t number_at(std::size_t at, int bytes) const {
    std::uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) value = value << 8 | file_.data()[at + i];
    return value;
  }

  bool begins_with(const char* eight) const { return file_.size() >= 8 && std::memcmp(file_.data(), eight, 8) == 0; }

  json object() {
    json top = checked_text();
    if (!top.is_object()) refuse("its manifest is not a JSON object, so it is damaged");
    return top;
  }

  // The JSON, once the header's sizes and the checksum hold.
  json checked_text() {
    if (begins_with("\x89HDF\r\n\x1a\n"))
      refuse(std::string("it is a ") + format_.noun + " of an older version or some other HDF5 file; " + format_.remedy);
    if (!begins_with(kMagic)) refuse(std::string("it is no ShardLM ") + format_.noun);
    if (file_.size() < kManifestHeader) refuse("it is truncated: it ends within its manifest");
    require_version("its manifest's", number_at(8, 4), kManifestVersion);
    const std::uint64_t text = number_at(12, 4), block = number_at(16, 8), bytes = number_at(24, 8);
    if (bytes != file_.size())
      refuse("it has " + std::to_string(file_.size()) + " bytes where its manifest says " + std::to_string(bytes) +
             ", so it is truncated or damaged");
    if (block < kLeastUserBlock || (block & (block - 1)) != 0 || block > bytes || text > kMaxManifest || text > block - kManifestHeader)
      refuse("the sizes in front of its manifest do not hold, so it is damaged");
    Checksum sum;
    const auto* begin = reinterpret_cast<const char*>(file_.data()) + kManifestHeader;
    sum.add(file_.data(), 32);
    sum.add(begin, text);
    if (std::memcmp(sum.bytes().data(), file_.data() + 32, 32) != 0) refuse("its manifest does not match its checksum, so it is damaged");
    block_ = block;
    return parse_json(begin, begin + text, "cannot use " + path_ + ": its manifest");
  }

  const json& member(const json& object, const char* key, const std::string& what) const {
    const auto at = object.find(key);
    if (at == object.end()) refuse(what + " lacks its " + key + ", so it is damaged");
    return *at;
  }
  std::string string(const json& object, const char* key, const std::string& what) const {
    const json& value = member(object, key, what);
    if (!value.is_string()) refuse("the " + std::string(key) + " of " + what + " is not a text, so it is damaged");
    return value.get<std::string>();
  }
  std::uint64_t whole(const json& object, const char* key, const std::string& what) const {
    const json& value = member(object, key, what);
    if (!value.is_number_unsigned()) refuse("the " + std::string(key) + " of " + what + " is not a whole number, so it is damaged");
    return value.get<std::uint64_t>();
  }

  std::vector<Placed> placed_list(const json& list) const {
    if (!list.is_array()) refuse("the datasets in its manifest are not a list, so it is damaged");
    std::vector<Placed> datasets;
    std::set<std::string> paths;
    for (const json& d : list) {
      datasets.push_back(placed(d, "dataset " + std::to_string(datasets.size()) + " of its manifest"));
      if (!paths.insert(datasets.back().spec.path).second) refuse("dataset " + datasets.back().spec.path + " is listed twice");
    }
    require_apart(datasets);
    return datasets;
  }

  Placed placed(const json& d, const std::string& which) const {
    if (!d.is_object()) refuse(which + " is not a JSON object, so it is damaged");
    Placed p;
    p.spec.path = string(d, "path", which);
    if (!is_name(p.spec.path)) refuse(which + " has a path that is none, so it is damaged");
    const std::string what = "dataset " + p.spec.path;
    p.spec.element = element(string(d, "element", what), what);
    p.spec.shape = shape(member(d, "shape", what), what);
    if (d.contains("encoding")) p.spec.encoding = string(d, "encoding", what);
    if (d.contains("encoding") && !is_name(p.spec.encoding)) refuse("the encoding of " + what + " is none, so it is damaged");
    if (!p.spec.has_checksum() && !format_.authenticated) refuse(what + " has no checksum, which only a sealed file's image may lack");
    if (p.spec.has_checksum()) p.sha256 = string(d, "sha256", what);
    if (!is_checksum(p.sha256)) refuse("the sha256 of " + what + " is no checksum, so it is damaged");
    p.offset = whole(d, "offset", what);
    require_inside(p, what);
    return p;
  }

  Element element(const std::string& text, const std::string& what) const {
    for (const Element e : {Element::u8, Element::i8, Element::u16, Element::i16, Element::f32, Element::i64, Element::u64})
      if (text == name(e)) return e;
    refuse(what + " has an unknown type of numbers");
  }

  std::vector<std::uint64_t> shape(const json& list, const std::string& what) const {
    const auto is_extent = [](const json& x) { return x.is_number_unsigned() && x.get<std::uint64_t>() > 0; };
    if (!list.is_array() || list.empty() || list.size() > kMaxRank || !std::all_of(list.begin(), list.end(), is_extent))
      refuse("the shape of " + what + " is not a list of 1 to " + std::to_string(kMaxRank) + " whole numbers");
    return list.get<std::vector<std::uint64_t>>();
  }

  void require_inside(const Placed& p, const std::string& what) const {
    std::uint64_t end = bytes_of(p.spec.element);
    bool fits = true;
    for (const std::uint64_t extent : p.spec.shape) fits = fits && !__builtin_mul_overflow(end, extent, &end);
    if (!fits || __builtin_add_overflow(end, p.offset, &end) || end > file_.size()) refuse(what + " ends beyond the end of the file");
    if (p.offset < block_) refuse(what + " begins within the manifest's block");
    if (p.offset % kAlignment != 0) refuse(what + " is not aligned to " + std::to_string(kAlignment) + " bytes; " + format_.remedy);
  }

  void require_apart(const std::vector<Placed>& datasets) const {
    std::vector<const Placed*> order;
    for (const Placed& p : datasets) order.push_back(&p);
    std::sort(order.begin(), order.end(), [](const Placed* a, const Placed* b) { return a->offset < b->offset; });
    for (std::size_t i = 1; i < order.size(); ++i)
      if (order[i]->offset < order[i - 1]->offset + order[i - 1]->spec.bytes())
        refuse("dataset " + order[i]->spec.path + " overlaps dataset " + order[i - 1]->spec.path);
  }

  const std::string& path_;
  const Mapping& file_;
  const FileFormat& format_;
  std::uint64_t block_ = 0;
};

}  // namespace

Manifest read_manifest(const std::string& path, const Mapping& file, const FileFormat& format) { return Reader(path, file, format).read(); }

std::string format_of(const std::string& path, const Mapping& file) {
  constexpr FileFormat kAny{"", 0, "file", "make it again with this version"};
  try {
    return Reader(path, file, kAny).format();
  } catch (const Error&) {
    return "";
  }
}

}  // namespace shardlm::io
