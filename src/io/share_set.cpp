#include "shardlm/io/share_set.hpp"

#include <cstring>
#include <optional>

#include "dataset_file.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/word_panels.hpp"
#include "share_formats.hpp"

namespace shardlm::io {

std::string hex(const ShareNumber& number) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint32_t word : number)
    for (int i = 7; i >= 0; --i) text += digits[word >> (4 * i) & 15];
  return text;
}

ShareNumber share_set_of(const nlohmann::json& attributes, const std::string& where) {
  const auto at = attributes.find("share_set");
  const std::string text = at != attributes.end() && at->is_string() ? at->get<std::string>() : std::string();
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw Error("cannot use " + where + ": it does not say of which share set it is, so it is damaged");
  ShareNumber set;
  for (int i = 0; i < 4; ++i) set[i] = static_cast<std::uint32_t>(std::stoul(text.substr(8 * i, 8), nullptr, 16));
  return set;
}

std::string share_set_name(const ShareNumber& set) { return "share set " + hex(set); }

bool is_text(const std::string& dataset) { return dataset == "tokenizer" || dataset == "chat_template"; }
bool is_client_part(const std::string& dataset) { return is_text(dataset) || dataset == "embedding"; }

std::vector<DatasetSpec> word_datasets(const ModelConfig& config) {
  std::vector<DatasetSpec> list;
  for (const MatrixSpec& m : matrices(config)) list.push_back({m.path, Element::u64, {word_panels(m.rows), m.columns, kWordPanel}});
  return list;
}

struct ServerShare::Impl {
  Impl(const std::string& path, int server)
      : file(path, server == 0 ? kServer0ShareFormat : kServer1ShareFormat),
        config(config_of(file.manifest().attributes, path)),
        set(share_set_of(file.manifest().attributes, path)),
        digest(share_set_name(set)) {
    file.require(server == 0 ? std::vector<DatasetSpec>{{"seed", Element::u8, {sizeof seed}}} : word_datasets(config));
    file.verify();
    if (server == 0) std::memcpy(seed.data(), file.at("seed"), sizeof seed);
    if (server != 0) file.prefer_huge_pages();
  }

  DatasetFile file;
  ModelConfig config;
  ShareNumber set, seed{};
  std::string digest;
};

ServerShare::ServerShare(const std::string& path, int server) : impl_(new Impl(path, server)) {}
ServerShare::~ServerShare() = default;
ServerShare::ServerShare(ServerShare&&) noexcept = default;

const ModelConfig& ServerShare::config() const { return impl_->config; }
const std::string& ServerShare::digest() const { return impl_->digest; }
const ShareNumber& ServerShare::set() const { return impl_->set; }
const ShareNumber& ServerShare::seed() const { return impl_->seed; }

const std::uint64_t* ServerShare::words(const std::string& matrix) const {
  if (!impl_->file.find(matrix)) throw Error("a server's share has no matrix " + matrix);
  return reinterpret_cast<const std::uint64_t*>(impl_->file.at(matrix));
}

}  // namespace shardlm::io
