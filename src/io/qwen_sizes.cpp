// The seven shapes of Qwen2.5.
#include <algorithm>
#include <iterator>

#include "mapping.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/io/checkpoint.hpp"
#include "shardlm/io/random_model.hpp"

namespace shardlm::io {
namespace {

struct Size {
  const char* name;
  std::size_t hidden, layers, heads, kv_heads, intermediate, vocabulary;
  bool tied_head;
};
constexpr Size kSizes[] = {{"0.5b", 896, 24, 14, 2, 4864, 151936, true},   {"1.5b", 1536, 28, 12, 2, 8960, 151936, true},
                           {"3b", 2048, 36, 16, 2, 11008, 151936, true},   {"7b", 3584, 28, 28, 4, 18944, 152064, false},
                           {"14b", 5120, 48, 40, 8, 13824, 152064, false}, {"32b", 5120, 64, 40, 8, 27648, 152064, false},
                           {"72b", 8192, 80, 64, 8, 29568, 152064, false}};

constexpr std::size_t kMaxConfig = std::size_t{1} << 20;

const Size* find(const std::string& name) {
  const auto* at = std::find_if(std::begin(kSizes), std::end(kSizes), [&](const Size& s) { return s.name == name; });
  return at == std::end(kSizes) ? nullptr : at;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  return text;
}

std::string list_of_sizes() {
  std::string list;
  for (const std::string& name : qwen_sizes()) list += (list.empty() ? "" : ", ") + name;
  return list;
}

// The folder of a config.json that is named by itself or by its folder; "" if `path` can be neither.
std::string folder_of_config(const std::string& path) {
  const std::string file = "config.json";
  if (is_checkpoint(path)) return path;
  if (path == file) return ".";
  const std::size_t slash = path.rfind('/');
  return slash != std::string::npos && path.substr(slash + 1) == file ? path.substr(0, slash) : "";
}

}  // namespace

const std::vector<std::string>& qwen_sizes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Size& s : kSizes) list.push_back(s.name);
    return list;
  }();
  return names;
}

ModelConfig qwen_size(const std::string& name) {
  const Size* s = find(lower(name));
  if (!s) throw Error("there is no Qwen2.5 of size " + name + "; there are " + list_of_sizes());
  ModelConfig c;
  c.hidden = s->hidden;
  c.layers = s->layers;
  c.heads = s->heads;
  c.kv_heads = s->kv_heads;
  c.intermediate = s->intermediate;
  c.vocabulary = s->vocabulary;
  c.tied_head = s->tied_head;
  return c;
}

RandomModel random_model(const std::string& size_or_config, std::uint64_t seed) {
  if (find(lower(size_or_config))) return {lower(size_or_config), qwen_size(size_or_config), seed};
  const std::string folder = folder_of_config(size_or_config);
  if (folder.empty()) throw Error("there is no size " + size_or_config + "; give " + list_of_sizes() + ", or the path of a config.json");
  RandomModel model{folder, parse_config(read_text(folder + "/config.json", kMaxConfig), "", folder), seed};
  model.config.end_tokens.clear();
  return model;
}

}  // namespace shardlm::io
