#include "gateway/models.hpp"

#include <algorithm>
#include <ctime>

#include "gateway/endpoints.hpp"
#include "gateway/errors.hpp"

namespace shardlm::app {
namespace {

using nlohmann::json;

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

void check_model(const GatewaySettings& settings, const std::string& id) {
  const auto there = model_ids(settings);
  if (std::find(there.begin(), there.end(), id) != there.end()) return;
  throw ApiError(404, "There is no model " + shown(id) + " here; there are: " + listed(there) + ".", "model", "model_not_found");
}

json described(const std::string& id) {
  static const auto started = static_cast<std::int64_t>(std::time(nullptr));
  return {{"id", id}, {"object", "model"}, {"created", started}, {"owned_by", "shardlm"}};
}

}  // namespace

std::vector<std::string> model_ids(const GatewaySettings& settings) {
  std::vector<std::string> ids{settings.name};
  for (const auto& protocol : settings.protocols) ids.push_back(settings.name + ":" + protocol);
  return ids;
}

void check_loaded(const GatewaySettings& settings, const std::string& protocol, const std::string& param) {
  const auto& loaded = settings.protocols;
  if (std::find(loaded.begin(), loaded.end(), protocol) != loaded.end()) return;
  throw ApiError(404, "The protocol " + shown(protocol) + " was not loaded; these were: " + listed(loaded) + ".", param, "protocol_not_loaded");
}

std::string chosen_protocol(const GatewaySettings& settings, const Fields& fields) {
  const auto id = fields.string("model");
  if (!id) fields.missing("model", "one of those that GET /v1/models lists");
  check_model(settings, *id);
  const auto by_model = *id == settings.name ? "" : id->substr(settings.name.size() + 1);
  const auto own = fields.object("shardlm");
  const auto asked = own ? own->string("protocol") : std::nullopt;
  if (asked) {
    check_loaded(settings, *asked, own->path("protocol"));
    if (!by_model.empty() && by_model != *asked)
      throw ApiError(400, "The model " + shown(*id) + " and shardlm.protocol " + shown(*asked) + " name two protocols; leave one of them out.",
                     own->path("protocol"), "protocol_ambiguous");
    return *asked;
  }
  return by_model.empty() ? settings.protocols.front() : by_model;
}

Reply models(const Site& site, const Call&) {
  json data = json::array();
  for (const auto& id : model_ids(site.settings)) data.push_back(described(id));
  return {200, text_of({{"object", "list"}, {"data", data}})};
}

Reply one_model(const Site& site, const Call& call) {
  const auto id = call.path.substr(std::string("/v1/models/").size());
  check_model(site.settings, id);
  return {200, text_of(described(id))};
}

}  // namespace shardlm::app
