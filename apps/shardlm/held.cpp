#include "held.hpp"

#include <filesystem>

#include "shardlm/core/error.hpp"
#include "shardlm/protocol/presets.hpp"

namespace shardlm::app {
namespace {

using net::Role;

const char* const kFiles[] = {"client.h5", "server0.h5", "server1.h5", "dealer.h5"};  // by rank

// This rank's file in a folder. Whoever reads both servers' files has the weights, and so has who reads the dealer's: a server that
// can is refused, unless all this is one machine.
std::string file_in(const std::string& folder, Role role, bool one_machine) {
  const bool a_server = role == Role::server0 || role == Role::server1;
  std::string others;
  for (Role other : {Role::server0, Role::server1, Role::dealer})
    if (other != role && std::filesystem::exists(folder + "/" + kFiles[int(other)]))
      others += std::string(others.empty() ? "" : " and ") + kFiles[int(other)];
  if (a_server && !others.empty() && !one_machine)
    throw Error("the folder " + folder + " also holds " + others + ", and with that a server has the weights: leave it " + kFiles[int(role)] +
                " alone, or give --one-machine where that is no secret");
  return folder + "/" + kFiles[int(role)];
}

}  // namespace

Held::Held(Role role, const JobOptions& o) : role_(role), secret_weights_(protocol::preset(o.protocol).secret_weights), path_(o.model) {
  const bool folder = std::filesystem::is_directory(o.model);
  if (!secret_weights_) {
    if (folder && std::filesystem::exists(o.model + "/" + kFiles[int(Role::client)]))
      throw Error(o.model + " is a share set, which --protocol v3-mpc uses and " + o.protocol + " does not");
    file_.emplace(o.model);
    return;
  }
  if (folder) path_ = file_in(o.model, role, o.one_machine);
  if (role == Role::client) file_.emplace(path_, io::ModelPart::client);
  if (role == Role::dealer) file_.emplace(path_, io::ModelPart::dealer);
  if (role == Role::server0) share_.emplace(path_, 0);
  if (role == Role::server1) share_.emplace(path_, 1);
}

qwen::Model Held::model() const {
  if (share_) return qwen::Model(*share_, role_ == Role::server0 ? 0 : 1);
  return qwen::Model(*file_, secret_weights_);
}

}  // namespace shardlm::app
