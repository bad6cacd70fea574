#include "held.hpp"

#include <filesystem>
#include <type_traits>

#include "shardlm/core/error.hpp"
#include "shardlm/protocol/presets.hpp"

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

Held::Held(Role role, const JobOptions& o) : role_(role), secret_weights_(protocol::preset(o.protocol).secret_weights), path_(o.model) {
  const bool folder = std::filesystem::is_directory(o.model);
  if (!secret_weights_) {
    if (folder && std::filesystem::exists(o.model + "/" + io::kShareFiles[int(Role::client)]))
      throw Error(o.model + " is a share set, which --protocol v3-mpc uses and " + o.protocol + " does not");
    file_.emplace(o.model);
    return;
  }
  if (folder) path_ = o.model + "/" + io::kShareFiles[int(role)];
  const std::string beside = std::filesystem::path(path_).parent_path().string();
  if (!o.one_machine) check_alone(beside.empty() ? "." : beside, role);
  if (role == Role::client) file_.emplace(path_, io::ModelPart::client);
  if (role == Role::dealer) file_.emplace(path_, io::ModelPart::dealer);
  if (role == Role::server0) share_.emplace(path_, 0);
  if (role == Role::server1) share_.emplace(path_, 1);
}

std::uint64_t Held::device_bytes() const {
  if (std::is_same_v<Memory, Kokkos::HostSpace> || role_ == Role::client) return 0;
  if (share_) return std::uint64_t{256} << 20;  // shares pass through it in slices
  return std::filesystem::file_size(path_);
}

qwen::Model Held::model() const {
  if (share_) return qwen::Model(*share_, role_ == Role::server0 ? 0 : 1);
  return qwen::Model(*file_, secret_weights_);
}

}  // namespace shardlm::app
