#include "layout.hpp"

#include <cstdio>

#include "checksum.hpp"
#include "hdf5.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/numbers.hpp"
#include "shardlm/core/panels.hpp"

namespace shardlm::io {
namespace {

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
  const auto planes = static_cast<hsize_t>(m.planes);
  return {m.path, Element::i16, {planes, padded_rows(m.rows) / kPanel, padded_columns(m.columns) / 2, hsize_t{kPanel}, 2}};
}

std::string exact(double x) {
  char text[64];
  std::snprintf(text, sizeof text, "%a", x);
  return text;
}

}  // namespace

std::size_t bytes_of(Element element) {
  switch (element) {
    case Element::u8:
    case Element::i8:
      return 1;
    case Element::u16:
    case Element::i16:
      return 2;
    case Element::f32:
      return 4;
    case Element::i64:
      break;
  }
  return 8;
}

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
    case Element::i64:
      break;
  }
  return H5T_STD_I64LE;
}

std::uint64_t DatasetSpec::bytes() const {
  std::uint64_t n = bytes_of(element);
  for (const hsize_t extent : shape) n *= extent;
  return n;
}

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
  list.push_back({"embedding", embedding == FloatType::f32 ? Element::f32 : Element::u16, {c.vocabulary, c.hidden}});
  for (const MatrixSpec& m : matrices(c)) {
    list.push_back(weights(m));
    list.push_back({m.path + "_exponents", Element::i8, {m.rows}});
    if (m.planes == 2) list.push_back({m.path + "_bias", Element::i64, {m.rows}});
  }
  return list;
}

void write_config(hid_t root, const ModelConfig& c) {
  for (const Extent& e : kExtents) hdf5::write(root, e.name, static_cast<std::int64_t>(c.*e.field));
  for (const Number& n : kNumbers) hdf5::write(root, n.name, n.value);
  hdf5::write(root, "rope_theta", c.rope_theta);
  hdf5::write(root, "norm_epsilon", c.norm_epsilon);
  hdf5::write(root, "tied_head", std::int64_t{c.tied_head});
  hdf5::write(root, "silu_bits", std::int64_t{c.silu_bits});
  if (!c.end_tokens.empty()) hdf5::write(root, "end_tokens", std::vector<std::int64_t>(c.end_tokens.begin(), c.end_tokens.end()));
}

ModelConfig read_config(hid_t root, const std::string& where) {
  const auto need = [&](const char* name, auto& value) {
    if (!hdf5::read(root, name, value))
      throw Error(where + " lacks the attribute " + name + " or has it with another type, so it is damaged");
  };
  ModelConfig c;
  std::int64_t value = 0;
  for (const Extent& e : kExtents) {
    need(e.name, value);
    c.*e.field = static_cast<std::size_t>(value);
  }
  for (const Number& n : kNumbers) {
    need(n.name, value);
    if (value != n.value)
      throw Error(where + " has " + n.name + " " + std::to_string(value) + " where this program computes with " + std::to_string(n.value) +
                  "; convert the checkpoint again");
  }
  need("rope_theta", c.rope_theta);
  need("norm_epsilon", c.norm_epsilon);
  need("tied_head", value);
  c.tied_head = value != 0;
  need("silu_bits", value);
  c.silu_bits = value < 0 || value > 64 ? 0 : static_cast<int>(value);
  std::vector<std::int64_t> tokens;
  if (H5Aexists(root, "end_tokens") > 0) need("end_tokens", tokens);
  for (const std::int64_t t : tokens) c.end_tokens.push_back(t < 0 || t > INT32_MAX ? -1 : static_cast<std::int32_t>(t));
  check(c, where);
  return c;
}

std::string digest_of(const ModelConfig& c, FloatType embedding, const std::vector<DatasetSpec>& list,
                      const std::vector<std::string>& checksums) {
  std::string text = std::string(kFormat) + " " + std::to_string(kVersion) + "\n";
  for (const Extent& e : kExtents) text += std::string(e.name) + " " + std::to_string(c.*e.field) + "\n";
  for (const Number& n : kNumbers) text += std::string(n.name) + " " + std::to_string(n.value) + "\n";
  text += "rope_theta " + exact(c.rope_theta) + "\nnorm_epsilon " + exact(c.norm_epsilon) + "\n";
  text += "tied_head " + std::to_string(c.tied_head) + "\nsilu_bits " + std::to_string(c.silu_bits) + "\nend_tokens";
  for (const std::int32_t t : c.end_tokens) text += " " + std::to_string(t);
  text += std::string("\nencoding ") + name(embedding);
  for (std::size_t i = 0; i < list.size(); ++i) {
    text += "\n" + list[i].path + " " + std::to_string(static_cast<int>(list[i].element));
    for (const hsize_t extent : list[i].shape) text += " " + std::to_string(extent);
    text += " " + checksums.at(i);
  }
  Checksum sum;
  sum.add(text.data(), text.size());
  return sum.hex();
}

}  // namespace shardlm::io
