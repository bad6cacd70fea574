// shardlm client: speaks HTTP to a gateway (shardlm serve). No ranks and no model here.
#pragma once

#include "options.hpp"

namespace shardlm::app {

// Each prints to standard output and returns the exit code. They throw Error, in one sentence.
int client_health(const HttpClientOptions& options);  // 0 only where the gateway takes requests
int client_info(const HttpClientOptions& options);
int client_generate(const HttpClientOptions& options);
int client_chat(const HttpClientOptions& options);
int client_benchmark(const HttpClientOptions& options);

}  // namespace shardlm::app
