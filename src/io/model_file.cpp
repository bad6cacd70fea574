#include "shardlm/io/model_file.hpp"

#include <map>

#include "dataset_file.hpp"
#include "shardlm/core/error.hpp"
#include "share_formats.hpp"

namespace shardlm::io {
namespace {

std::uint64_t bytes_of(const DatasetSpec* text) { return text ? text->bytes() : 0; }

FloatType encoding_of(const DatasetSpec* embedding, const std::string& path) {
  if (!embedding) throw Error("cannot use " + path + ": it has no dataset embedding");
  try {
    return float_type(embedding->encoding);
  } catch (const Error& e) {
    throw Error("cannot use " + path + ": the embedding cannot be read: " + e.what());
  }
}

const FileFormat& format_of(ModelPart part) {
  return part == ModelPart::whole ? kModelFormat : part == ModelPart::client ? kClientShareFormat : kDealerShareFormat;
}

}  // namespace

struct ModelFile::Impl {
  Impl(const std::string& path, ModelPart part)
      : file(path, format_of(part)),
        config(config_of(file.manifest().attributes, path)),
        encoding(part == ModelPart::dealer ? FloatType::bf16 : encoding_of(file.find("embedding"), path)),
        digest(part == ModelPart::whole ? file.manifest().digest : share_set_name(share_set_of(file.manifest().attributes, path))) {
    std::vector<DatasetSpec> list;
    for (const DatasetSpec& spec : datasets(config, encoding, bytes_of(file.find("tokenizer")), bytes_of(file.find("chat_template"))))
      if (part == ModelPart::whole || is_client_part(spec.path) == (part == ModelPart::client)) list.push_back(spec);
    file.require(list);
    file.verify();
    if (part != ModelPart::dealer) read_client_part();
    if (part != ModelPart::client) read_weights();
  }
  void read_client_part() {
    tokenizer = text("tokenizer");
    chat_template = text("chat_template");
    table = file.at("embedding");
  }
  void read_weights() {
    file.prefer_huge_pages();
    for (const MatrixSpec& m : matrices(config)) check_exponents(m);
    for (const MatrixSpec& m : matrices(config))
      rows[m.path] = {m.rows, m.columns, m.planes, reinterpret_cast<const std::int16_t*>(file.at(m.path)),
                      reinterpret_cast<const std::int8_t*>(file.at(m.path + "_exponents"))};
  }
  void check_exponents(const MatrixSpec& m) const {
    const auto* exponents = reinterpret_cast<const std::int8_t*>(file.at(m.path + "_exponents"));
    for (std::size_t r = 0; r < m.rows; ++r)
      if (exponents[r] < 0 || exponents[r] > kLargestExponent)
        throw Error("cannot use this model: row " + std::to_string(r) + " of " + m.path + " has exponent " + std::to_string(exponents[r]) +
                    "; 0 to " + std::to_string(kLargestExponent) + " are possible");
  }
  std::string text(const std::string& path) const {
    const DatasetSpec* spec = file.find(path);
    return spec ? std::string(reinterpret_cast<const char*>(file.at(path)), spec->bytes()) : std::string();
  }

  DatasetFile file;
  ModelConfig config;
  FloatType encoding;
  std::string digest;
  const std::uint8_t* table = nullptr;
  std::string tokenizer, chat_template;
  std::map<std::string, MappedRows> rows;
};

ModelFile::ModelFile(const std::string& path, ModelPart part) : impl_(new Impl(path, part)) {}
ModelFile::~ModelFile() = default;
ModelFile::ModelFile(ModelFile&&) noexcept = default;

const ModelConfig& ModelFile::config() const { return impl_->config; }
const std::string& ModelFile::digest() const { return impl_->digest; }
const std::string& ModelFile::tokenizer_json() const { return impl_->tokenizer; }
const std::string& ModelFile::chat_template() const { return impl_->chat_template; }
const std::string& ModelFile::name() const { return impl_->file.manifest().name; }

MappedRows ModelFile::rows(const std::string& dataset) const {
  const auto at = impl_->rows.find(dataset);
  if (at == impl_->rows.end()) throw Error("a model file has no weights " + dataset);
  return at->second;
}

const std::int64_t* ModelFile::qkv_bias(std::size_t layer) const {
  if (layer >= config().layers)
    throw Error("a model of " + std::to_string(config().layers) + " layers has no layer " + std::to_string(layer));
  return reinterpret_cast<const std::int64_t*>(impl_->file.at("layers/" + std::to_string(layer) + "/qkv_bias"));
}

void ModelFile::embedding(std::size_t token, float* row) const {
  const std::size_t hidden = config().hidden;
  if (!impl_->table) throw Error("this file has no embedding table: it is the dealer's");
  if (token >= config().vocabulary)
    throw Error("token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(config().vocabulary));
  to_float(impl_->encoding, impl_->table + token * hidden * bytes_of(impl_->encoding), hidden, row);
}

}  // namespace shardlm::io
