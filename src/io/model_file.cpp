#include "shardlm/io/model_file.hpp"

#include <map>

#include "dataset_file.hpp"
#include "shardlm/core/error.hpp"
#include "share_formats.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;

std::uint64_t bytes_of(const DatasetSpec* text) { return text ? text->bytes() : 0; }

FloatType encoding_of(const DatasetFile& file, const char* dataset, const std::string& path) {
  const DatasetSpec* rows = file.find(dataset);
  if (!rows) throw Error("cannot use " + path + ": it has no dataset " + dataset);
  try {
    return float_type(rows->encoding);
  } catch (const Error& e) {
    throw Error("cannot use " + path + ": the embedding cannot be read: " + e.what());
  }
}

const FileFormat& format_of(ModelPart part) {
  switch (part) {
    case ModelPart::whole: return kModelFormat;
    case ModelPart::client: return kClientShareFormat;
    case ModelPart::dealer: return kDealerShareFormat;
    case ModelPart::sealed: return kSealedTableFormat;
    case ModelPart::texts: break;
  }
  return kTextsFormat;
}

bool has_texts(ModelPart part) { return part != ModelPart::dealer; }
bool has_embedding(ModelPart part) { return part == ModelPart::whole || part == ModelPart::client; }
bool has_weights(ModelPart part) { return part == ModelPart::whole || part == ModelPart::dealer; }

// Whether a model file's dataset is in a file of that part.
bool belongs(const std::string& dataset, ModelPart part) {
  if (is_text(dataset)) return has_texts(part);
  return dataset == "embedding" ? has_embedding(part) : has_weights(part);
}

}  // namespace

struct ModelFile::Impl {
  Impl(const std::string& path, ModelPart part) : file(path, format_of(part)), config(config_of(file.manifest().attributes, path)) {
    const json& attributes = file.manifest().attributes;
    if (has_embedding(part)) encoding = encoding_of(file, "embedding", path);
    if (part == ModelPart::sealed) encoding = encoding_of(file, "sealed_rows", path);
    file.require(datasets_of(part));
    file.verify();
    if (has_texts(part)) tokenizer = text("tokenizer"), chat_template = text("chat_template");
    if (has_embedding(part)) table = file.at("embedding");
    if (has_weights(part)) read_weights();
    const bool of_a_set = part == ModelPart::client || part == ModelPart::dealer;
    digest = of_a_set ? share_set_name(share_set_of(attributes, path)) : file.manifest().digest;
    if (part == ModelPart::whole) model_digest = digest;
    if (part == ModelPart::dealer) model_digest = text_of(attributes, "model", path);
    if (part == ModelPart::sealed) sealed = file.at("sealed_rows");
    if (sealed && !from_hex(attributes, "table", number.data(), number.size()))
      throw Error("cannot use " + path + ": it does not say which table it is, so it is damaged");
  }
  std::vector<DatasetSpec> datasets_of(ModelPart part) const {
    std::vector<DatasetSpec> list;
    for (const DatasetSpec& spec : datasets(config, encoding, bytes_of(file.find("tokenizer")), bytes_of(file.find("chat_template"))))
      if (belongs(spec.path, part)) list.push_back(spec);
    if (part == ModelPart::sealed)
      list.push_back({"sealed_rows", Element::u8, {config.vocabulary, row_bytes() + kSealBytes}, io::name(encoding)});
    return list;
  }
  std::size_t row_bytes() const { return config.hidden * bytes_of(encoding); }
  void require_row(std::size_t token) const {
    if (token >= config.vocabulary)
      throw Error("token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(config.vocabulary));
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
  FloatType encoding = FloatType::bf16;
  std::string digest, model_digest;
  const std::uint8_t *table = nullptr, *sealed = nullptr;
  TableNumber number{};
  std::string tokenizer, chat_template;
  std::map<std::string, MappedRows> rows;
};

ModelFile::ModelFile(const std::string& path, ModelPart part) : impl_(new Impl(path, part)) {}
ModelFile::~ModelFile() = default;
ModelFile::ModelFile(ModelFile&&) noexcept = default;

const ModelConfig& ModelFile::config() const { return impl_->config; }
const std::string& ModelFile::digest() const { return impl_->digest; }
const std::string& ModelFile::model_digest() const { return impl_->model_digest; }
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

EmbeddingRows ModelFile::embedding_rows() const {
  if (!impl_->table) throw Error("this file has no embedding table");
  return {impl_->encoding, impl_->table, config().vocabulary, config().hidden};
}

void ModelFile::embedding(std::size_t token, float* row) const {
  const EmbeddingRows table = embedding_rows();
  impl_->require_row(token);
  decode_row(table.data + token * row_bytes(), row);
}

const TableNumber& ModelFile::table_number() const { return impl_->number; }
std::size_t ModelFile::row_bytes() const { return impl_->row_bytes(); }

const std::uint8_t* ModelFile::sealed_row(std::size_t token) const {
  if (!impl_->sealed) throw Error("this file has no sealed table");
  impl_->require_row(token);
  return impl_->sealed + token * (row_bytes() + kSealBytes);
}

void ModelFile::make_resident() const { impl_->file.make_resident(); }

void ModelFile::decode_row(const std::uint8_t* bytes, float* row) const { to_float(impl_->encoding, bytes, config().hidden, row); }

}  // namespace shardlm::io
