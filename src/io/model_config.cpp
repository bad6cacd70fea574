#include "shardlm/io/model_config.hpp"

#include <cmath>

#include "json_file.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/numbers.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;

// A JSON object with errors that name the file.
class Fields {
 public:
  Fields(const std::string& text, const std::string& file) : file_(file), object_(parse_json(text, file)) {
    if (!object_.is_object()) throw Error(file + " does not hold a JSON object");
  }

  [[noreturn]] void refuse(const std::string& why) const { throw Error(file_ + ": " + why); }
  // Null counts as absent.
  const json* find(const std::string& key) const {
    const auto at = object_.find(key);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
  }
  std::size_t size(const std::string& key) const {
    const json* value = find(key);
    if (!value || !value->is_number_unsigned()) refuse(key + " is missing or not a whole number");
    return value->get<std::size_t>();
  }
  double number(const std::string& key) const {
    const json* value = find(key);
    if (!value || !value->is_number()) refuse(key + " is missing or not a number");
    return value->get<double>();
  }
  bool flag(const std::string& key) const {
    const json* value = find(key);
    if (value && !value->is_boolean()) refuse(key + " is neither true nor false");
    return value && value->get<bool>();
  }
  std::string text(const std::string& key) const {
    const json* value = find(key);
    return value && value->is_string() ? value->get<std::string>() : std::string();
  }

 private:
  std::string file_;
  json object_;
};

void require_qwen2(const Fields& fields) {
  const std::string type = fields.text("model_type"), activation = fields.text("hidden_act");
  if (type != "qwen2") fields.refuse("the model type is \"" + type + "\"; only qwen2 is supported");
  if (const json* names = fields.find("architectures"))
    if (*names != json::array({"Qwen2ForCausalLM"}))
      fields.refuse("the architecture is " + names->dump() + "; only Qwen2ForCausalLM is supported");
  if (activation != "silu") fields.refuse("the activation is \"" + activation + "\"; only silu is supported");
  if (fields.find("quantization_config")) fields.refuse("the weights are quantised already; take the original checkpoint");
}

void require_full_attention(const Fields& fields) {
  const char* sentence = "attention uses a sliding window, which is not supported";
  if (fields.flag("use_sliding_window")) fields.refuse(sentence);
  if (const json* types = fields.find("layer_types"))
    for (const json& type : *types)
      if (type != "full_attention") fields.refuse(sentence);
}

// rope_theta stands beside, or in newer files within, the description of a scaling.
double plain_rope(const Fields& fields) {
  double theta = fields.find("rope_theta") ? fields.number("rope_theta") : 0;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const json* rope = fields.find(key);
    if (!rope) continue;
    if (!rope->is_object()) fields.refuse(std::string(key) + " is not an object");
    for (const char* kind : {"type", "rope_type"})
      if (rope->contains(kind) && rope->at(kind) != "default") fields.refuse("RoPE scaling " + rope->at(kind).dump() + " is not supported");
    if (rope->contains("factor") && rope->at("factor") != 1)
      fields.refuse("RoPE scaling by " + rope->at("factor").dump() + " is not supported");
    if (theta == 0 && rope->contains("rope_theta") && rope->at("rope_theta").is_number()) theta = rope->at("rope_theta").get<double>();
  }
  if (theta == 0) fields.refuse("rope_theta is missing or not a number");
  return theta;
}

void append_end_tokens(const Fields& fields, std::vector<std::int32_t>& tokens) {
  const json* value = fields.find("eos_token_id");
  if (!value) return;
  const json list = value->is_array() ? *value : json::array({*value});
  for (const json& id : list) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > INT32_MAX)
      fields.refuse("eos_token_id holds " + id.dump() + ", which is no token");
    const auto token = id.get<std::int32_t>();
    bool known = false;
    for (const std::int32_t t : tokens) known = known || t == token;
    if (!known) tokens.push_back(token);
  }
}

}  // namespace

int ModelConfig::gain() const {
  int g = 0;
  while ((std::size_t{1} << (2 * g)) < hidden) ++g;
  return g;
}

void check(const ModelConfig& config, const std::string& where) {
  const auto refuse = [&](const std::string& why) { throw Error(where + ": " + why); };
  const auto extent = [&](const char* what, std::size_t value, std::size_t limit) {
    if (value < 1 || value > limit)
      refuse(std::string(what) + " is " + std::to_string(value) + "; it must be 1 to " + std::to_string(limit));
  };
  extent("the hidden size", config.hidden, std::size_t{1} << 16);
  extent("the number of layers", config.layers, 1024);
  extent("the number of attention heads", config.heads, 1024);
  extent("the number of key-value heads", config.kv_heads, 1024);
  extent("the intermediate size", config.intermediate, std::size_t{1} << 20);
  extent("the vocabulary", config.vocabulary, std::size_t{1} << 22);
  extent("the number of positions", config.max_positions, std::size_t{1} << 24);
  if (config.hidden % config.heads != 0)
    refuse("the hidden size " + std::to_string(config.hidden) + " is not a multiple of its " + std::to_string(config.heads) + " heads");
  if (config.heads % config.kv_heads != 0)
    refuse(std::to_string(config.heads) + " heads cannot share " + std::to_string(config.kv_heads) + " key-value heads evenly");
  if (config.head_dim() % 2 != 0)
    refuse("the head dimension " + std::to_string(config.head_dim()) + " is odd, so RoPE has no pairs to rotate");
  if (!std::isfinite(config.rope_theta) || config.rope_theta < 1) refuse("rope_theta must be a number of 1 or more");
  if (!std::isfinite(config.norm_epsilon) || config.norm_epsilon > 1 ||
      config.hidden * config.norm_epsilon < std::ldexp(1.0, kNormFirstExp - 2 * kSquareScale))
    refuse("the hidden size times rms_norm_eps is " + std::to_string(config.hidden * config.norm_epsilon) +
           "; the norm needs at least 2^-14, and an epsilon up to 1");
  if (config.silu_bits < kSiluBits || config.silu_bits > 16)
    refuse("the SiLU table has 2^" + std::to_string(config.silu_bits) + " cells; 2^12 to 2^16 are possible");
  for (const std::int32_t token : config.end_tokens)
    if (token < 0 || static_cast<std::size_t>(token) >= config.vocabulary)
      refuse("end token " + std::to_string(token) + " is outside the vocabulary");
}

ModelConfig parse_config(const std::string& config_json, const std::string& generation_json, const std::string& where) {
  const Fields fields(config_json, where + "/config.json");
  require_qwen2(fields);
  require_full_attention(fields);
  ModelConfig c;
  c.hidden = fields.size("hidden_size");
  c.layers = fields.size("num_hidden_layers");
  c.heads = fields.size("num_attention_heads");
  c.kv_heads = fields.find("num_key_value_heads") ? fields.size("num_key_value_heads") : c.heads;
  c.intermediate = fields.size("intermediate_size");
  c.vocabulary = fields.size("vocab_size");
  c.max_positions = fields.size("max_position_embeddings");
  c.rope_theta = plain_rope(fields);
  c.norm_epsilon = fields.number("rms_norm_eps");
  c.tied_head = fields.flag("tie_word_embeddings");
  if (!generation_json.empty()) append_end_tokens(Fields(generation_json, where + "/generation_config.json"), c.end_tokens);
  append_end_tokens(fields, c.end_tokens);
  check(c, where + "/config.json");
  if (fields.find("head_dim") && fields.size("head_dim") != c.head_dim())
    fields.refuse("head_dim is " + std::to_string(fields.size("head_dim")) + " where hidden_size / num_attention_heads is " +
                  std::to_string(c.head_dim()));
  return c;
}

}  // namespace shardlm::io
