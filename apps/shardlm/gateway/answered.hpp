// From a ticket to an answer, whole or piece by piece.
#pragma once

#include <functional>
#include <string>

#include "gateway/exchange.hpp"
#include "gateway/json.hpp"

namespace shardlm::app {

struct Whole {
  std::string text;
  Outcome outcome;
};

// Throws ApiError where the answer was not finished, PeerGone where nobody waits for it any more.
Whole whole_answer(Ticket& ticket, const Call& call);

// How an endpoint words what it streams.
struct Wording {
  std::function<nlohmann::json()> first;  // none: nothing comes before the first piece
  std::function<nlohmann::json(const Piece&)> piece;
  std::function<nlohmann::json(const Outcome&)> last;
  std::function<nlohmann::json(const Outcome&)> usage;  // none: was not asked for
};

// One event's object with these choices, from what all of an answer's have in common. usage: was it asked for? Then all but the last have it empty.
using Chunk = std::function<nlohmann::json(nlohmann::json choices)>;
Chunk chunk_of(const nlohmann::json& base, bool usage);
// What every endpoint's answer ends with. ending: the choices of an event that says why it ended.
Wording ending_of(const Chunk& chunk, const std::string& protocol, bool usage, std::function<nlohmann::json(const std::string& finish_reason)> ending);

// Server-sent events, as OpenAI's API has them.
Reply streamed_answer(std::unique_ptr<Ticket> ticket, Wording wording, const Call& call);

// "stop" or "length".
std::string finish_reason(const Outcome& outcome);
nlohmann::json usage_of(const Outcome& outcome);
// What the answer cost, in the form in which every endpoint tells.
nlohmann::json costs_of(const std::string& protocol, const Outcome& outcome);

std::string new_id(const std::string& prefix);  // random
// What every event and every whole answer of the OpenAI API begins with.
nlohmann::json frame(const std::string& id, const char* object, const std::string& model, const Site& site);
Reply whole_reply(nlohmann::json frame, nlohmann::json choices, const std::string& protocol, const Outcome& outcome);

}  // namespace shardlm::app
