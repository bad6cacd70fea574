// The OpenAPI document: gateway/openapi.json, with what this gateway was started with.
#include "gateway/assets.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/json.hpp"
#include "gateway/models.hpp"

namespace shardlm::app {
namespace {

using nlohmann::json;

json described(const GatewaySettings& settings) {
  json document = json::parse(assets::openapi_json());
  auto& schemas = document["components"]["schemas"];
  document["info"]["version"] = settings.version;
  if (settings.key.empty()) document["security"] = json::array();
  schemas["ModelId"]["enum"] = model_ids(settings);
  schemas["Protocol"]["enum"] = settings.protocols;
  schemas["TokenId"]["maximum"] = settings.vocabulary - 1;
  json protocols = settings.protocols;
  protocols.push_back(nullptr);
  for (const char* request : {"ChatRequest", "CompletionRequest", "PrefillRequest"}) {
    auto& fields = schemas[request]["properties"];
    for (const char* name : {"max_tokens", "max_completion_tokens"})
      if (fields.contains(name)) fields[name]["maximum"] = settings.max_tokens;
    if (fields.contains("shardlm")) fields["shardlm"]["properties"]["protocol"]["enum"] = protocols;
  }
  return document;
}

}  // namespace

Reply openapi(const Site& site, const Call&) { return {200, text_of(described(site.settings))}; }

}  // namespace shardlm::app
