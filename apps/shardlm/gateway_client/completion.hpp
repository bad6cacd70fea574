// An answer to a conversation, streamed: POST /v1/chat/completions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway_client/gateway_info.hpp"

namespace shardlm::app::remote {

struct Message {
  std::string role, text;
};

// What an answer took, as the gateway counted it; 0 where it does not say.
struct Taken {
  double tokens = 0, seconds = 0, rounds = 0, opened_bytes = 0;
};

struct Completion {
  std::string text, finish;  // finish: stop, length, or "" where it was stopped from here
  Taken taken;
};

// The request that the options ask for. Throws Error for a protocol that the gateway did not load.
nlohmann::ordered_json completion_request(const HttpClientOptions& options, const GatewayInfo& info, const Address& address,
                                          const std::vector<Message>& messages, bool stream);

// on_text gets the answer's text as it comes; stopped as in Connection::stream. Throws Refused and Error.
Completion complete(const Connection& connection, const nlohmann::ordered_json& request, const std::function<void(const std::string&)>& on_text,
                    const std::function<bool()>& stopped);

// temperature, top_p, ...: those that differ from the gateway's own.
void add_sampling(nlohmann::ordered_json& request, const text::SamplerOptions& sampling);

}  // namespace shardlm::app::remote
