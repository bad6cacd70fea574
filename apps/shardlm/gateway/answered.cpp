#include "gateway/answered.hpp"

#include <array>
#include <ctime>

#include "gateway/errors.hpp"
#include "shardlm/seal/bytes.hpp"

namespace shardlm::app {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kLook = 100ms;   // between two looks at whether the peer is still there
constexpr auto kBeat = 1000ms;  // between two signs of life in a stream

void check_finished(const Outcome& outcome) {
  switch (outcome.finish) {
    case Finish::stop:
    case Finish::length: return;
    case Finish::deadline: throw ApiError(504, "The answer was not finished within the time that this gateway gives a request.", "", "deadline_exceeded");
    case Finish::cancelled: throw unavailable_error(outcome.trouble.empty() ? "The gateway is ending and gave this request up." : outcome.trouble);
    case Finish::failed: throw unavailable_error(outcome.trouble.empty() ? "The answer could not be computed." : outcome.trouble);
  }
}

// One stream: what was said so far, and what comes next.
class Events {
 public:
  Events(std::unique_ptr<Ticket> ticket, Wording wording, const Call& call)
      : ticket_(std::move(ticket)), wording_(std::move(wording)), gone_(call.gone), tokens_(call.tokens) {}

  Progress go_on(const Write& write) {
    if (!begun_) {
      begun_ = true;
      if (wording_.first && !write(event(wording_.first()))) return give_up();
    }
    for (auto waited = 0ms; waited < kBeat; waited += kLook) {
      Piece piece;
      const auto came = ticket_->next(piece, kLook);
      if (came == Ticket::Came::end) return finish(write);
      if (came == Ticket::Came::piece) return say(piece, write);
      if (gone_()) return give_up();
    }
    return write(": waiting\n\n") ? Progress::more : give_up();
  }

 private:
  static std::string event(const json& data) { return "data: " + text_of(data) + "\n\n"; }

  Progress give_up() {
    ticket_->cancel();
    return Progress::gone;
  }

  Progress say(const Piece& piece, const Write& write) {
    *tokens_ = piece.tokens;
    if (piece.text.empty() && piece.sights.empty()) return Progress::more;
    return write(event(wording_.piece(piece))) ? Progress::more : give_up();
  }

  Progress finish(const Write& write) {
    const auto& outcome = ticket_->outcome();
    *tokens_ = outcome.answer_tokens;
    try {
      check_finished(outcome);
    } catch (const ApiError& error) {
      return write("data: " + error_body(error) + "\n\n") ? Progress::done : Progress::gone;
    }
    auto rest = event(wording_.last(outcome));
    if (wording_.usage) rest += event(wording_.usage(outcome));
    return write(rest + "data: [DONE]\n\n") ? Progress::done : Progress::gone;
  }

  std::unique_ptr<Ticket> ticket_;
  Wording wording_;
  std::function<bool()> gone_;
  std::size_t* tokens_;
  bool begun_ = false;
};

}  // namespace

Whole whole_answer(Ticket& ticket, const Call& call) {
  Whole whole;
  for (Piece piece;;) {
    const auto came = ticket.next(piece, kLook);
    if (came == Ticket::Came::end) break;
    if (came == Ticket::Came::piece) whole.text += piece.text;
    *call.tokens = piece.tokens;
    if (call.gone()) {
      ticket.cancel();
      throw PeerGone();
    }
  }
  whole.outcome = ticket.outcome();
  *call.tokens = whole.outcome.answer_tokens;
  check_finished(whole.outcome);
  return whole;
}

Chunk chunk_of(const json& base, bool usage) {
  return [base, usage](json choices) {
    json chunk = base;
    chunk["choices"] = std::move(choices);
    if (usage) chunk["usage"] = nullptr;
    return chunk;
  };
}

Wording ending_of(const Chunk& chunk, const std::string& protocol, bool usage, std::function<json(const std::string&)> ending) {
  Wording wording;
  wording.last = [chunk, protocol, ending = std::move(ending)](const Outcome& outcome) {
    json said = chunk(ending(finish_reason(outcome)));
    said["shardlm"] = costs_of(protocol, outcome);
    return said;
  };
  if (usage)
    wording.usage = [chunk](const Outcome& outcome) {
      json said = chunk(json::array());
      said["usage"] = usage_of(outcome);
      return said;
    };
  return wording;
}

Reply streamed_answer(std::unique_ptr<Ticket> ticket, Wording wording, const Call& call) {
  Reply reply;
  reply.type = "text/event-stream";
  const auto events = std::make_shared<Events>(std::move(ticket), std::move(wording), call);
  reply.stream = [events](const Write& write) { return events->go_on(write); };
  return reply;
}

std::string finish_reason(const Outcome& outcome) { return outcome.finish == Finish::stop ? "stop" : "length"; }

json usage_of(const Outcome& outcome) {
  return {{"prompt_tokens", outcome.prompt_tokens}, {"completion_tokens", outcome.answer_tokens},
          {"total_tokens", outcome.prompt_tokens + outcome.answer_tokens}};
}

json costs_of(const std::string& protocol, const Outcome& outcome) {
  const auto& costs = outcome.costs;
  return {{"protocol", protocol},
          {"queued_ms", outcome.queued_ms},
          {"embedding_ms", costs.embedding_ms},
          {"prefill_ms", outcome.prefill_ms},
          {"decode_ms", outcome.decode_ms},
          {"total_ms", outcome.total_ms},
          {"rounds", costs.rounds},
          {"bytes",
           {{"opened", costs.opened_bytes},
            {"dealt", costs.dealt_bytes},
            {"keys", costs.key_bytes},
            {"client_sent", costs.client_sent},
            {"client_received", costs.client_received}}},
          {"from_pool", costs.from_pool}};
}

std::string new_id(const std::string& prefix) {
  std::array<std::uint8_t, 12> number;
  seal::random_bytes(number.data(), number.size());
  return prefix + seal::to_hex({number.data(), number.size()});
}

json frame(const std::string& id, const char* object, const std::string& model, const Site& site) {
  return {{"id", id}, {"object", object}, {"created", static_cast<std::int64_t>(std::time(nullptr))}, {"model", model},
          {"system_fingerprint", "shardlm-" + site.settings.version}};
}

Reply whole_reply(json frame, json choices, const std::string& protocol, const Outcome& outcome) {
  frame["choices"] = std::move(choices);
  frame["usage"] = usage_of(outcome);
  frame["shardlm"] = costs_of(protocol, outcome);
  return {200, text_of(frame)};
}

}  // namespace shardlm::app
