#include "held.hpp"

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <type_traits>

#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

using net::Role;

// Whoever reads both servers' files has the weights, whoever reads the dealer's has them too, and the client's table may be the head.
// So a rank is refused that could read what it must not, unless all this is one machine.
void check_alone(const std::string& folder, Role role) {
  const auto there = [&folder](Role other) { return std::filesystem::exists(std::filesystem::path(folder) / io::kShareFiles[int(other)]); };
  const bool both = there(Role::server0) && there(Role::server1);
  std::string others;
  for (Role other : {Role::client, Role::server0, Role::server1, Role::dealer}) {
    if (other == role || role == Role::dealer || !there(other)) continue;
    if (role == Role::client && other != Role::dealer && !both) continue;  // one server's share says nothing
    others += std::string(others.empty() ? "" : " and ") + io::kShareFiles[int(other)];
  }
  if (!others.empty())
    throw Error("the folder " + folder + " also holds " + others + ", and with that this rank has the weights: leave it " + io::kShareFiles[int(role)] +
                " alone, or give --one-machine where that is no secret");
}

}  // namespace

io::ModelPart received_part(protocol::Embedding embedding) {
  return embedding == protocol::Embedding::ot ? io::ModelPart::sealed : io::ModelPart::texts;
}

std::string table_folder(const std::string& model) {
  std::filesystem::path path = std::filesystem::path(model).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "shares/"
  if (path.extension() == ".h5") path.replace_extension();
  return path.string() + ".ot";
}

std::optional<Role> Held::offers(const protocol::Choices& choices) {
  if (choices.embedding == protocol::Embedding::table) return std::nullopt;
  return choices.embedding == protocol::Embedding::ot ? protocol::key_holder(choices) : Role::server0;
}

namespace {

bool has_model(Role role, const std::vector<protocol::Choices>& offered) {
  return role != Role::client || std::any_of(offered.begin(), offered.end(), [](const auto& one) { return one.embedding == protocol::Embedding::table; });
}

std::string model_path(Role role, const JobOptions& o, const protocol::Choices& choices) {
  return choices.secret_weights && std::filesystem::is_directory(o.model) ? o.model + "/" + io::kShareFiles[int(role)] : o.model;
}

std::string tables_of(const JobOptions& o) { return o.tables.empty() ? table_folder(o.model) : o.tables; }

}  // namespace

std::vector<std::string> Held::files(Role role, const JobOptions& o) {
  const std::vector<protocol::Choices> offered = app::offered(o);
  std::vector<std::string> files(3);
  if (has_model(role, offered)) files[0] = model_path(role, o, offered[0]);
  for (const protocol::Choices& one : offered)
    if (one.embedding == protocol::Embedding::ot && offers(one) == role)
      for (int i : {0, 1}) files[1 + i] = tables_of(o) + "/" + io::kTableFiles[i];
  return files;
}

Held::Held(Role role, const JobOptions& o, const Unsealed& files) : role_(role), offered_(app::offered(o)), path_(o.model) {
  if (!has_model(role, offered_)) return;
  if (offered_[0].secret_weights) {
    open_share(o, files);
  } else {
    if (std::filesystem::exists(o.model + "/" + io::kShareFiles[int(Role::client)]))
      throw Error(o.model + " is a share set, which --protocol v3-mpc uses and " + o.protocol + " does not");
    path_ = files.at(o.model);
    file_.emplace(path_);
  }
  for (const protocol::Choices& one : offered_)
    if (offers(one) == role && to_send_.count(one.embedding) == 0)
      to_send_[one.embedding] = one.embedding == protocol::Embedding::ot ? open_table(o, files) : texts();
}

void Held::open_share(const JobOptions& o, const Unsealed& files) {
  const std::string path = model_path(role_, o, offered_[0]), beside = std::filesystem::path(path).parent_path().string();
  path_ = files.at(path);
  if (!o.one_machine) check_alone(beside.empty() ? "." : beside, role_);
  if (role_ == Role::client) file_.emplace(path_, io::ModelPart::client);
  if (role_ == Role::dealer) file_.emplace(path_, io::ModelPart::dealer);
  if (role_ == Role::server0) share_.emplace(path_, 0);
  if (role_ == Role::server1) share_.emplace(path_, 1);
}

Held::Offered Held::open_table(const JobOptions& o, const Unsealed& files) {
  const std::string folder = tables_of(o), table = folder + "/" + io::kTableFiles[0], key = folder + "/" + io::kTableFiles[1];
  const std::string again = ": make them again (shardlm ot rotate)";
  const bool has_table = std::filesystem::exists(table), has_key = std::filesystem::exists(key);
  if (!has_table && !has_key)
    throw Error("there is no sealed table in " + folder + ": make one with shardlm ot make, or name its folder with --ot");
  if (!has_table) throw Error("the key in " + folder + " lacks its table" + again);
  if (!has_key) throw Error("the table in " + folder + " lacks its key" + again);
  Offered sealed{files.at(table), ""};
  key_.emplace(files.at(key));
  sealed.digest = io::ModelFile(sealed.path, io::ModelPart::sealed).digest();
  if (key_->table() != sealed.digest) throw Error("the table in " + folder + " is not the one that the key beside it is for" + again);
  if (key_->model() != file_->model_digest()) throw Error("the table in " + folder + " was made from another model than " + path_ + again);
  return sealed;
}

// A client that gets no table still needs the tokenizer.
Held::Offered Held::texts() const {
  const std::string path = io::texts_path(file_->digest());
  const auto digest = [&path] { return io::ModelFile(path, io::ModelPart::texts).digest(); };
  if (std::filesystem::exists(path)) {
    try {
      return {path, digest()};
    } catch (const Error&) {  // damaged, or of another version: it can be made again
    }
  }
  io::write_texts(path_, path);
  return {path, digest()};
}

const io::ModelFile& Held::file(protocol::Embedding embedding) const {
  return embedding == protocol::Embedding::table ? file() : received_.at(embedding);
}

void Held::open_received(protocol::Embedding embedding, const std::string& path) {
  try {
    io::ModelFile& file = received_.emplace(std::piecewise_construct, std::tuple(embedding), std::tuple(path, received_part(embedding))).first->second;
    if (embedding == protocol::Embedding::ot) file.make_resident();
  } catch (const SystemError&) {
    throw;
  } catch (const Error& error) {
    throw Error(std::string(error.what()) + " (a file that was sent to this client: remove it, and it is sent again)");
  }
}

const std::string& Held::digest() const {
  static const std::string none;
  return file_ ? file_->digest() : share_ ? share_->digest() : none;
}

std::uint64_t Held::device_bytes() const {
  if (std::is_same_v<Memory, Kokkos::HostSpace> || role_ == Role::client) return 0;
  if (share_) return std::uint64_t{256} << 20;  // shares pass through it in slices
  return std::filesystem::file_size(path_);
}

qwen::Model Held::model() const {
  if (share_) return qwen::Model(*share_, role_ == Role::server0 ? 0 : 1);
  return qwen::Model(*file_, offered_[0].secret_weights);
}

}  // namespace shardlm::app
