// What servers and dealer have in common while they answer a request.
#pragma once

#include "messages.hpp"
#include "oblivious_rows.hpp"
#include "shardlm/protocol/session.hpp"

namespace shardlm::protocol {

[[noreturn]] inline void unexpected(net::Kind kind) { throw Error(std::string("the client sent a message of kind '") + net::name(kind) + "' out of turn"); }

inline void send_report(net::World& world, std::uint64_t request, const Report& report) {
  world.send_now(net::Role::client, net::Lane::control, net::Kind::report, request, &report, sizeof report);
}

// The steps that were announced: the prompt and those of a token each.
inline RowsDue rows_due(const Announcement& a) { return {a.prompt, a.decode + 1}; }

// Is this rank asked for rows, whose key it holds?
inline bool opens_rows(const Announcement& a, const ServeOptions& options) { return options.key != nullptr && a.embedding == std::uint64_t(Embedding::ot); }

}  // namespace shardlm::protocol
