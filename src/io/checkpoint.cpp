#include "shardlm/io/checkpoint.hpp"

#include <sys/stat.h>

#include <filesystem>

#include "json_file.hpp"
#include "mapping.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxConfig = std::size_t{1} << 20;
constexpr std::size_t kMaxTokenizer = std::size_t{1} << 27;

bool is_file(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode);
}

std::string required_text(const std::string& folder, const char* file, std::size_t limit) {
  if (!is_checkpoint(folder)) throw Error(folder + " is not a folder");
  if (!is_file(folder + "/" + file)) throw Error(folder + " has no " + file + ", so it is no checkpoint as Hugging Face lays it out");
  return read_text(folder + "/" + file, limit);
}

std::string optional_text(const std::string& path, std::size_t limit) { return is_file(path) ? read_text(path, limit) : std::string(); }

// In tokenizer_config.json: one template, or a list of named ones.
std::string template_in(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array())
    for (const json& entry : value)
      if (entry.is_object() && entry.value("name", "") == "default" && entry.contains("template") && entry.at("template").is_string())
        return entry.at("template").get<std::string>();
  return {};
}

std::string read_chat_template(const std::string& folder) {
  std::string text = optional_text(folder + "/chat_template.jinja", kMaxTokenizer);
  const std::string file = folder + "/tokenizer_config.json", config = optional_text(file, kMaxTokenizer);
  if (!text.empty() || config.empty()) return text;
  const json object = parse_json(config, file);
  return object.is_object() && object.contains("chat_template") ? template_in(object.at("chat_template")) : std::string();
}

std::string last_component(const std::string& folder) {
  const auto path = std::filesystem::absolute(folder).lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

}  // namespace

bool is_checkpoint(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
}

Checkpoint::Checkpoint(const std::string& folder)
    : name_(last_component(folder)),
      config_(parse_config(required_text(folder, "config.json", kMaxConfig), optional_text(folder + "/generation_config.json", kMaxConfig),
                           folder)),
      tensors_(folder) {
  tokenizer_json_ = required_text(folder, "tokenizer.json", kMaxTokenizer);
  chat_template_ = read_chat_template(folder);
  for (std::size_t i = 0; i < config_.layers; ++i) layer(i);
  embedding(), final_norm(), head();
}

LayerTensors Checkpoint::layer(std::size_t index) const {
  const std::string prefix = "model.layers." + std::to_string(index) + ".";
  const std::size_t d = config_.hidden, kv = config_.kv_heads * config_.head_dim(), f = config_.intermediate;
  const auto get = [&](const char* name, std::vector<std::size_t> shape) { return tensors_.tensor(prefix + name, shape); };
  LayerTensors t;
  t.attention_norm = get("input_layernorm.weight", {d});
  t.mlp_norm = get("post_attention_layernorm.weight", {d});
  t.q = get("self_attn.q_proj.weight", {d, d});
  t.k = get("self_attn.k_proj.weight", {kv, d});
  t.v = get("self_attn.v_proj.weight", {kv, d});
  t.q_bias = get("self_attn.q_proj.bias", {d});
  t.k_bias = get("self_attn.k_proj.bias", {kv});
  t.v_bias = get("self_attn.v_proj.bias", {kv});
  t.o = get("self_attn.o_proj.weight", {d, d});
  t.gate = get("mlp.gate_proj.weight", {f, d});
  t.up = get("mlp.up_proj.weight", {f, d});
  t.down = get("mlp.down_proj.weight", {d, f});
  return t;
}

const FloatTensor& Checkpoint::embedding() const {
  return tensors_.tensor("model.embed_tokens.weight", {config_.vocabulary, config_.hidden});
}
const FloatTensor& Checkpoint::final_norm() const { return tensors_.tensor("model.norm.weight", {config_.hidden}); }
const FloatTensor& Checkpoint::head() const {
  return config_.tied_head ? embedding() : tensors_.tensor("lm_head.weight", {config_.vocabulary, config_.hidden});
}

}  // namespace shardlm::io
