#include "answering.hpp"
#include "clock.hpp"
#include "pool.hpp"
#include "point_reader.hpp"
#include "recording.hpp"
#include "sightseeing.hpp"
#include "shardlm/protocol/session.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <functional>

namespace shardlm::protocol {
namespace {

using net::Kind;
using net::Lane;
using net::Role;

std::string this_version() { return "protocol 5, " + std::to_string(SHARDLM_CHACHA_ROUNDS) + " rounds"; }

std::string names(const std::vector<Embedding>& embeddings) {
  std::string text;
  for (const Embedding embedding : embeddings) text += std::string(text.empty() ? "" : " or ") + name(embedding);
  return text;
}

void check(const qwen::Model& model, const Announcement& a, const std::vector<Embedding>& embeddings) {
  if (a.prompt == 0 || a.capacity > model.config().max_positions || a.kept > a.capacity || a.prompt > a.capacity - a.kept ||
      a.decode > a.capacity - a.kept - a.prompt)
    throw Error("the client announced " + std::to_string(a.kept) + " + " + std::to_string(a.prompt) + " + " + std::to_string(a.decode) +
                " tokens in a conversation of " + std::to_string(a.capacity) + ", which do not fit the model");
  if (a.engine > std::uint64_t(qwen::Engine::additive)) throw Error("the client announced engine " + std::to_string(a.engine) + ", which this version does not have");
  const bool known = std::any_of(embeddings.begin(), embeddings.end(), [&a](Embedding e) { return a.embedding == std::uint64_t(e); });
  if (!known || a.padded > 1 || a.show > 1)
    throw Error("the client announced embedding " + std::to_string(a.embedding) + " and padding " + std::to_string(a.padded) +
                ", and this rank has the embedding " + names(embeddings));
}

// What this rank holds of the conversation, up to the tokens that are kept: it may hold more, because the dealer deals ahead of
// the answer's end.
void take_up(std::optional<qwen::Decoder>& held, const qwen::Model& model, const Announcement& a) {
  const auto engine = qwen::Engine(a.engine);
  if (a.kept == 0) {
    held.emplace(model, a.capacity, engine);
    return;
  }
  if (!held || held->capacity() != a.capacity || held->engine() != engine || a.kept > held->length())
    throw Error("the client continues after " + std::to_string(a.kept) + " tokens a conversation that this rank does not hold");
  held->truncate(a.kept);
}

// K01: server 0 draws it and sends it to server 1.
crypto::Key common_key(net::World& world, std::uint64_t request) {
  if (world.role() == Role::server1) return decode_message<crypto::Key>(world.receive_now(Role::server0, Lane::control, Kind::key, request));
  const crypto::Key common = crypto::random_key();
  world.send_now(Role::server1, Lane::control, Kind::key, request, common.data(), sizeof common);
  return common;
}

// Does the client begin another step, or end the request?
bool begins_step(net::World& world, const Announcement& a, std::uint64_t steps) {
  // A person may take any time to give the prompt whose length was announced; between tokens only a client that hangs does.
  if (steps == 0) world.idle_until_waiting(Role::client, Lane::control);
  const auto [kind, bytes] = world.receive_any(Role::client, Lane::control, a.request);
  if (kind == Kind::stop) return false;
  if (kind != Kind::request) unexpected(kind);
  if (steps > a.decode) throw Error("the client begins more steps than the " + std::to_string(a.decode + 1) + " that it announced");
  const std::size_t tokens = decode_message<Step>(bytes).tokens, due = steps == 0 ? a.prompt : 1;
  if (tokens != due) throw Error("the client begins a step of " + std::to_string(tokens) + " tokens where it announced " + std::to_string(due));
  return true;
}

void answer_as_server(net::World& world, qwen::Decoder& decoder, const Announcement& a, const ServeOptions& options, PointReader* points) {
  auto dealt = decode_message<DealtKeys>(world.receive_now(Role::dealer, Lane::control, Kind::key, a.request));
  crypto::Key common = common_key(world, a.request);
  mpc::ServerRequest request{a.request, dealt.salt, 0, crypto::Stream(dealt.key), crypto::Stream(common), mpc::DealReceiver(world, a.request)};
  wipe(&dealt.key, sizeof dealt.key);
  wipe(&common, sizeof common);
  mpc::Server server(world, request);
  // What it sends to the other server, and what the dealer sends it.
  const Recording recording(options.recorder, server, [&server, &request] {
    return server.costs().opened_bytes + server.costs().key_bytes + request.dealt.payload(mpc::Record::words);
  });
  Sightseeing sightseeing(world, a, server);
  std::optional<RowAnswerer> rows;
  if (opens_rows(a, options)) rows.emplace(world, *options.key, a.request, rows_due(a));
  Report report;
  double working = 0;
  for (; begins_step(world, a, report.steps); ++report.steps) {
    const std::size_t tokens = report.steps == 0 ? a.prompt : 1;
    if (rows) rows->answer();
    if (points) server.give_input(points->read(a.request, tokens));
    const double start = now();
    decoder.step(server, tokens, a.padded != 0 && report.steps == 0);
    working += now() - start;
    sightseeing.tell();
  }
  if (rows) report.rows = rows->seconds();
  if (points) report.rows = points->take_seconds();
  server.finish_output();
  report.costs = server.costs();
  report.costs.dealt_bytes = request.dealt.payload(mpc::Record::words);  // none for server 0, which draws its own
  request.dealt.drain();
  report.seconds = server.seconds_of(working);
  report.peak_bytes = peak_memory();
  send_report(world, a.request, report);
}

// How a rank understands the client's ways to its rows.
std::string described(const std::vector<Choices>& offered) {
  std::string text;
  for (const Choices& choices : offered) {
    text += std::string(text.empty() ? "" : " and ") + name(choices.embedding);
    if (choices.embedding == Embedding::ot) text += std::string(" (the key at ") + net::name(key_holder(choices)) + ")";
  }
  return text;
}

}  // namespace

void serve(net::World& world, const qwen::Model& model, const ServeOptions& options) {
  std::optional<qwen::Decoder> conversation;
  std::optional<PointReader> points;
  if (options.table) points.emplace(world, *options.table);
  std::optional<Pool> pool;
  if (world.role() == Role::dealer && !options.pool.empty()) pool.emplace(world, model, options);
  while (true) {
    if (pool) pool->fill();
    world.idle_until_waiting(Role::client, Lane::control);
    const auto [kind, bytes] = world.receive_any(Role::client, Lane::control, 0);
    if (kind == Kind::end) return;
    if (kind != Kind::request) unexpected(kind);
    const auto announcement = decode_message<Announcement>(bytes);
    check(model, announcement, options.embeddings);
    std::unique_ptr<ReadyRequest> ready = pool ? pool->take(announcement) : nullptr;
    if (ready) {
      conversation.emplace(std::move(ready->decoder));
      conversation->extend(announcement.capacity);
    } else {
      take_up(conversation, model, announcement);
    }
    if (world.role() == Role::dealer) {
      if (!ready) ready = std::make_unique<ReadyRequest>(world, *conversation, options.dealer_ahead);
      ready->dealing.answer(*conversation, announcement, options);
    } else {
      answer_as_server(world, *conversation, announcement, options,
                       announcement.embedding == std::uint64_t(Embedding::dpf) && points ? &*points : nullptr);
    }
  }
}

std::string context_of(const std::vector<Choices>& offered) {
  std::string text = this_version();
  for (const Choices& choices : offered)
    text += ", engine " + std::to_string(int(choices.engine)) + ", weights " + (choices.secret_weights ? "secret" : "public") + ", embedding " +
            name(choices.embedding) + ", files " + (choices.sealed_files ? "sealed" : "as they are");
  return text;
}

void agree_on_model(net::World& world, const std::string& digest, const std::string& trouble, const std::vector<Choices>& offered) {
  world.agree(trouble);
  const std::string version = this_version();
  const std::vector<std::string> models = world.gather_all(digest), versions = world.gather_all(version), embeddings = world.gather_all(described(offered));
  const int first = models[0].empty() ? 1 : 0;  // a client without a model takes the others' word for it
  const std::string whose = net::name(Role(first));
  std::string sentence;
  for (int r = 1; r < net::kParties && sentence.empty(); ++r) {
    const std::string who = net::name(Role(r));
    const auto secret = [&models](int rank) { return models[rank].compare(0, 9, "share set") == 0; };
    if (embeddings[r] != embeddings[0])
      sentence = "the embedding is " + embeddings[0] + " at client and " + embeddings[r] + " at " + who +
                 ": give every rank the same --protocol and --embedding";
    else if (secret(first) != secret(r))
      sentence = "the weights are secret at " + (secret(r) ? who : whose) + " and public at " + (secret(r) ? whose : who) +
                 ": give every rank the same --protocol";
    else if (models[r] != models[first])
      sentence = secret(r) ? whose + " and " + who + " hold files of different share sets (" + models[first].substr(10, 12) + " and " +
                                 models[r].substr(10, 12) + "): give every rank its file of one set"
                           : whose + " and " + who + " hold different models (" + models[first].substr(0, 12) + " and " + models[r].substr(0, 12) +
                                 "): give every rank the same file";
    else if (versions[r] != versions[0])
      sentence = "client and " + who + " run different builds (" + versions[0] + " and " + versions[r] + ")";
  }
  world.agree(world.role() == Role::client ? sentence : std::string());
}

std::uint64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::uint64_t(usage.ru_maxrss) * 1024;
}

}  // namespace shardlm::protocol
