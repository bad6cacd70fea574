#include "ranks_backend.hpp"

#include <algorithm>

#include "choices.hpp"
#include "costs.hpp"
#include "memory.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

using net::Lane;
using net::Role;

constexpr Lane kClientLanes[] = {Lane::control, Lane::output, Lane::oblivious};

Sight sight_of(Role server, const protocol::Sight& seen) {
  Sight sight;
  sight.rank = net::name(server);
  sight.rounds = seen.rounds;
  sight.bytes = seen.bytes;
  for (const protocol::Sight::Glimpse& glimpse : seen.glimpses) {
    if (glimpse.size == 0) continue;
    const std::size_t shown = std::min<std::size_t>(glimpse.size, glimpse.bytes.size());
    sight.glimpses.push_back({net::name(glimpse.from), net::name(glimpse.kind), glimpse.size, {glimpse.bytes.begin(), glimpse.bytes.begin() + std::ptrdiff_t(shown)}});
  }
  return sight;
}

}  // namespace

// Of the pool, which is dealt for the first protocol's engine: the smallest that holds such a prompt, or null.
static const PoolSize* pool_size(const GatewayOptions& o, const std::string& protocol, std::size_t tokens) {
  if (protocol::preset(protocol).engine != protocol::preset(o.protocol).engine) return nullptr;
  const auto found = std::find_if(o.pool.begin(), o.pool.end(), [tokens](const PoolSize& size) { return size.positions >= tokens; });
  return found == o.pool.end() ? nullptr : &*found;
}

std::size_t positions_taken(const GatewayOptions& o, const std::string& protocol, std::size_t tokens) {
  const PoolSize* size = pool_size(o, protocol, tokens);
  return size ? size->positions : positions(o, tokens);
}

std::uint64_t pool_bytes(const io::ModelConfig& config, const GatewayOptions& o) {
  std::uint64_t bytes = 0;
  for (const PoolSize& size : o.pool) {
    const mpc::Costs costs = predicted(config, o.protocol, size.positions, o.pool_tokens);
    const std::uint64_t logits = 8 * config.vocabulary * (1 + o.pool_tokens);
    bytes += size.requests * (costs.dealt_bytes + 2 * costs.key_bytes + logits);
  }
  return bytes;
}

protocol::Lengths gateway_lengths(const GatewayOptions& o, const BackendRequest& request) {
  protocol::Lengths lengths;
  lengths.prompt = request.prompt;
  lengths.decode = request.decode;
  lengths.show = request.show;
  if (const PoolSize* size = pool_size(o, request.protocol, request.prompt)) {
    lengths.prompt = size->positions;
    lengths.padded = true;
    lengths.capacity = lengths.prompt + std::max(lengths.decode, o.pool_tokens);  // what was dealt ahead has its place, also beside a short answer
  } else {
    lengths.prompt = positions(o, request.prompt);
    lengths.padded = o.pad_to > 0;
    lengths.capacity = lengths.prompt + lengths.decode;
  }
  return lengths;
}

RanksBackend::RanksBackend(net::World& world, std::vector<std::unique_ptr<protocol::Client>>& clients, const io::ModelConfig& config,
                           const GatewayOptions& options, std::uint64_t available)
    : world_(world), clients_(clients), config_(config), options_(options), available_(available - std::min(available, pool_bytes(config, options))) {
  for (const PoolSize& size : options.pool) levels_.push_back({size.positions, 0, size.requests});
}

void RanksBackend::begin(const BackendRequest& request) {
  const auto protocol = std::find(options_.protocols.begin(), options_.protocols.end(), request.protocol);
  if (protocol == options_.protocols.end()) throw Error("protocol " + request.protocol + " was not loaded");
  client_ = clients_[std::size_t(protocol - options_.protocols.begin())].get();
  before_ = traffic();
  embedding_before_ = client_->prompt_embedding_seconds();
  client_->announce(gateway_lengths(options_, request));
}

std::vector<float> RanksBackend::step(const std::vector<text::Token>& tokens) { return client_->step(tokens); }

std::vector<Sight> RanksBackend::sights() {
  return {sight_of(Role::server0, client_->sights()[0]), sight_of(Role::server1, client_->sights()[1])};
}

RequestCosts RanksBackend::finish() {
  const Reports reports = client_->finish();
  const Bytes after = traffic();
  RequestCosts costs;
  costs.rounds = reports[1].costs.rounds;
  costs.opened_bytes = reports[1].costs.opened_bytes;
  costs.key_bytes = reports[1].costs.key_bytes;
  costs.dealt_bytes = reports[2].costs.dealt_bytes;
  costs.client_sent = after.sent - before_.sent;
  costs.client_received = after.received - before_.received;
  costs.embedding_ms = 1000 * (client_->prompt_embedding_seconds() - embedding_before_);
  for (const int server : {1, 2})
    costs.dealer_waited_ms = std::max(costs.dealer_waited_ms, 1000 * reports[std::size_t(server)].seconds[int(mpc::Part::dealer)]);
  costs.from_pool = reports[int(Role::dealer)].ready > 0;
  return costs;
}

RanksBackend::Bytes RanksBackend::traffic() const {
  Bytes bytes;
  for (const Lane lane : kClientLanes) {
    bytes.sent += world_.sent(lane).bytes;
    bytes.received += world_.received(lane).bytes;
  }
  return bytes;
}

void RanksBackend::while_waiting() { world_.still_working(); }

std::vector<PoolLevel> RanksBackend::pool() {
  if (options_.pool.empty()) return levels_;
  if (const auto news = protocol::pool_news(world_))
    for (PoolLevel& level : levels_)
      for (const protocol::PoolSize& size : *news)
        if (size.positions == level.positions) level.ready = size.requests;
  return levels_;
}

// The same of all requests of these lengths: nothing here looks at a prompt.
std::string RanksBackend::trouble(const BackendRequest& request) const {
  protocol::Lengths lengths;
  try {
    lengths = gateway_lengths(options_, request);
  } catch (const Error& error) {
    return error.what();
  }
  const std::size_t most = std::min(config_.max_positions, std::size_t{1} << kContextBits);
  if (lengths.capacity > most)
    return "a prompt that takes " + std::to_string(lengths.prompt) + " positions and " + std::to_string(request.decode + 1) +
           " tokens of an answer do not fit the " + std::to_string(most) + " positions that the model and the protocol have: ask something shorter, or for fewer tokens";
  const std::uint64_t needed = bytes_needed(config_, lengths.prompt, lengths.capacity, options_.dealer_ahead);
  if (needed <= available_) return "";
  return "a prompt that takes " + std::to_string(lengths.prompt) + " positions needs about " + readable(needed) +
         " of memory on each of the servers and the dealer, and there is " + readable(available_) + ": ask something shorter";
}

}  // namespace shardlm::app
