#include "gateway/endpoints.hpp"
#include "gateway/errors.hpp"
#include "gateway/json.hpp"

namespace shardlm::app {

using nlohmann::json;

Reply health(const Site&, const Call&) { return {200, text_of({{"status", "ok"}})}; }

Reply ready(const Site& site, const Call&) {
  const auto state = site.engine.state();
  if (state.ready) return {200, text_of({{"status", "ready"}})};
  if (!state.trouble.empty()) throw unavailable_error(state.trouble);
  throw ApiError(503, "The gateway still starts.", "", "starting", 1);
}

Reply metrics(const Site& site, const Call&) {
  if (!site.settings.metrics) throw of_status(404);
  return {200, site.settings.metrics(), "text/plain; version=0.0.4; charset=utf-8"};
}

Reply info(const Site& site, const Call&) {
  const auto& settings = site.settings;
  const auto state = site.engine.state();
  json protocols = json::array(), pool = json::array();
  for (const auto& name : settings.protocols) protocols.push_back({{"name", name}, {"endpoint", prefill_path(name)}});
  for (const auto& level : state.pool) pool.push_back({{"positions", level.positions}, {"ready", level.ready}, {"wanted", level.wanted}});
  return {200, text_of({{"version", settings.version},
                        {"model", settings.name},
                        {"shape", {{"layers", settings.layers}, {"hidden", settings.hidden}, {"vocabulary", settings.vocabulary}}},
                        {"context", settings.context},
                        {"max_tokens", settings.max_tokens},
                        {"protocols", protocols},
                        {"queue", {{"limit", settings.queue}, {"waiting", state.waiting}, {"running", state.running}}},
                        {"pool", pool},
                        {"pad_to", settings.pad_to}})};
}

}  // namespace shardlm::app
