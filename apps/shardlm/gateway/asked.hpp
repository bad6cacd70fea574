// What requests for an answer have in common: how it is chosen, how long it may be, what of the API is not there.
#pragma once

#include <string>

#include "gateway/exchange.hpp"
#include "gateway/json.hpp"

namespace shardlm::app {

// temperature, top_p, top_k, repetition_penalty, seed. Absent: as OpenAI's API says, so that a temperature is 1.
text::SamplerOptions sampling_of(const Fields& fields, double temperature = 1);

// "stop": a text or up to four.
std::vector<std::string> stops_of(const Fields& fields);

// Throws ApiError (400) where the request asks for what this gateway does not do, rather than to answer something else.
void check_supported(const Fields& fields);

struct Streaming {
  bool wanted = false, usage = false;
  bool show = false;  // what each server saw
};
Streaming streaming_of(const Fields& fields);

// What both ways to ask the OpenAI API have in common: protocol, choice of tokens, stop texts.
Job job_of(const Site& site, const Fields& fields);

// Tokens of the answer, and that the prompt leaves room for them. named: the field; other: an older name of it, which counts where it is absent; absent: as many as
// the gateway allows and the context holds.
void set_length(Job& job, const Site& site, const Fields& fields, const char* named = "max_tokens", const char* other = nullptr);

// The tokens of a prompt that is written as numbers. Throws ApiError for numbers that the model does not have.
std::vector<text::Token> tokens_of(const nlohmann::json& list, const Site& site, const std::string& path);

// Hands it to the engine, with the gateway's deadline. Throws Busy, Error for a prompt's token that the model does not have, and ApiError for what
// the engine refuses.
std::unique_ptr<Ticket> submit(const Site& site, Job job);

}  // namespace shardlm::app
