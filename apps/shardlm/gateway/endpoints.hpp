// The endpoints, a function each. They throw ApiError, what Engine::submit() throws, and PeerGone.
#pragma once

#include "gateway/exchange.hpp"

namespace shardlm::app {

Reply health(const Site& site, const Call& call);
Reply ready(const Site& site, const Call& call);
Reply metrics(const Site& site, const Call& call);
Reply openapi(const Site& site, const Call& call);
Reply page(const Site& site, const Call& call);
Reply info(const Site& site, const Call& call);
Reply models(const Site& site, const Call& call);
Reply one_model(const Site& site, const Call& call);
Reply chat_completions(const Site& site, const Call& call);
Reply completions(const Site& site, const Call& call);
Reply prefill(const Site& site, const Call& call);  // by the protocol of its path

// What the endpoints for a prompt alone are called, by protocol; "" where there is no such protocol.
std::string prefill_path(const std::string& protocol);

}  // namespace shardlm::app
