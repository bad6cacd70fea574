#include "layout.hpp"

#include "shardlm/core/error.hpp"
#include "shardlm/core/numbers.hpp"
#include "shardlm/core/panels.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;

struct Extent {
  const char* name;
  std::size_t ModelConfig::*field;
};
constexpr Extent kExtents[] = {{"hidden", &ModelConfig::hidden},
                               {"layers", &ModelConfig::layers},
                               {"heads", &ModelConfig::heads},
                               {"kv_heads", &ModelConfig::kv_heads},
                               {"intermediate", &ModelConfig::intermediate},
                               {"vocabulary", &ModelConfig::vocabulary},
                               {"max_positions", &ModelConfig::max_positions}};

struct Number {
  const char* name;
  std::int64_t value;
};
constexpr Number kNumbers[] = {
    {"weight_scale", kWeightScale}, {"wide_weight_scale", kWideWeightScale}, {"bias_scale", kScale + kWideWeightScale}};

DatasetSpec weights(const MatrixSpec& m) {
  const auto planes = static_cast<std::uint64_t>(m.planes);
  return {m.path, Element::i16, {planes, padded_rows(m.rows) / kPanel, padded_columns(m.columns) / 2, std::uint64_t{kPanel}, 2}};
}

// Attributes, each with an error that names it.
class Attributes {
 public:
  Attributes(const json& values, const std::string& where) : values_(values), where_(where) {}

  std::int64_t whole(const char* name) const { return need(name, &json::is_number_integer).get<std::int64_t>(); }
  double real(const char* name) const { return need(name, &json::is_number).get<double>(); }
  std::vector<std::int32_t> tokens(const char* name) const {
    std::vector<std::int32_t> list;
    if (!values_.contains(name)) return list;
    for (const json& token : need(name, &json::is_array)) {
      if (!token.is_number_integer()) lacks(name);
      const auto t = token.get<std::int64_t>();
      list.push_back(t < 0 || t > INT32_MAX ? -1 : static_cast<std::int32_t>(t));
    }
    return list;
  }

 private:
  [[noreturn]] void lacks(const char* name) const {
    throw Error("cannot use " + where_ + ": it lacks the attribute " + name + " or has it with another type, so it is damaged");
  }
  const json& need(const char* name, bool (json::*is)() const noexcept) const {
    const auto at = values_.find(name);
    if (at == values_.end() || !((*at).*is)()) lacks(name);
    return *at;
  }

  const json& values_;
  const std::string& where_;
};

}  // namespace

std::vector<MatrixSpec> matrices(const ModelConfig& c) {
  std::vector<MatrixSpec> list;
  for (std::size_t i = 0; i < c.layers; ++i) {
    const std::string layer = "layers/" + std::to_string(i) + "/";
    list.push_back({layer + "qkv", c.qkv_rows(), c.hidden, 2});
    list.push_back({layer + "o", c.hidden, c.hidden, 1});
    list.push_back({layer + "gate_up", 2 * c.intermediate, c.hidden, 1});
    list.push_back({layer + "down", c.hidden, c.intermediate, 1});
  }
  list.push_back({"head", c.vocabulary, c.hidden, 1});
  return list;
}

std::vector<DatasetSpec> datasets(const ModelConfig& c, FloatType embedding, std::size_t tokenizer_bytes, std::size_t template_bytes) {
  std::vector<DatasetSpec> list = {{"tokenizer", Element::u8, {tokenizer_bytes}}};
  if (template_bytes) list.push_back({"chat_template", Element::u8, {template_bytes}});
  list.push_back({"embedding", embedding == FloatType::f32 ? Element::f32 : Element::u16, {c.vocabulary, c.hidden}, name(embedding)});
  for (const MatrixSpec& m : matrices(c)) {
    list.push_back(weights(m));
    list.push_back({m.path + "_exponents", Element::i8, {m.rows}});
    if (m.planes == 2) list.push_back({m.path + "_bias", Element::i64, {m.rows}});
  }
  return list;
}

json attributes_of(const ModelConfig& c) {
  json j;
  for (const Extent& e : kExtents) j[e.name] = c.*e.field;
  for (const Number& n : kNumbers) j[n.name] = n.value;
  j["rope_theta"] = c.rope_theta;
  j["norm_epsilon"] = c.norm_epsilon;
  j["tied_head"] = int{c.tied_head};
  j["silu_bits"] = c.silu_bits;
  if (!c.end_tokens.empty()) j["end_tokens"] = c.end_tokens;
  return j;
}

ModelConfig config_of(const json& attributes, const std::string& where) {
  const Attributes a(attributes, where);
  ModelConfig c;
  for (const Extent& e : kExtents) c.*e.field = static_cast<std::size_t>(a.whole(e.name));
  for (const Number& n : kNumbers)
    if (const std::int64_t value = a.whole(n.name); value != n.value)
      throw Error("cannot use " + where + ": it has " + n.name + " " + std::to_string(value) + " where this program computes with " +
                  std::to_string(n.value) + "; convert the checkpoint again");
  c.rope_theta = a.real("rope_theta");
  c.norm_epsilon = a.real("norm_epsilon");
  c.tied_head = a.whole("tied_head") != 0;
  const std::int64_t silu_bits = a.whole("silu_bits");
  c.silu_bits = silu_bits < 0 || silu_bits > 64 ? 0 : static_cast<int>(silu_bits);
  c.end_tokens = a.tokens("end_tokens");
  check(c, where);
  return c;
}

}  // namespace shardlm::io
