#include "pool.hpp"

#include <cstring>

#include "clock.hpp"

namespace shardlm::protocol {

using net::Kind;
using net::Lane;
using net::Role;

namespace {

constexpr double kQuiet = 0.05;       // seconds without a request before the dealer begins one that nobody asked for
constexpr std::size_t kMostSizes = 64;

}  // namespace

Pool::Pool(net::World& world, const qwen::Model& model, const ServeOptions& options) : world_(world), model_(model), options_(options) {
  if (options.pool.size() > kMostSizes) throw Error("a pool of " + std::to_string(options.pool.size()) + " sizes: give " + std::to_string(kMostSizes) + " or less");
  for (const PoolSize& wanted : options.pool) {
    sizes_.emplace_back();
    sizes_.back().wanted = wanted;
  }
}

bool Pool::quiet() {
  for (const double start = now(); now() - start < kQuiet; world_.idle())
    if (client_wants()) return false;
  return true;
}

// The one of which the smallest part is there.
Pool::Size* Pool::missing() {
  Size* least = nullptr;
  for (Size& size : sizes_) {
    if (size.ready.size() >= size.wanted.requests) continue;
    if (!least || size.ready.size() * least->wanted.requests < least->ready.size() * size.wanted.requests) least = &size;
  }
  return least;
}

void Pool::fill() {
  if (missing() == nullptr || !quiet()) return;
  while (Size* size = missing()) {
    const std::size_t positions = size->wanted.positions;
    auto ready = std::make_unique<ReadyRequest>(world_, qwen::Decoder(model_, positions + options_.pool_tokens, options_.pool_engine), options_.dealer_ahead);
    if (!ready->dealing.prepare(ready->decoder, positions, true, options_.pool_tokens)) return;
    size->ready.push_back(std::move(ready));
    tell();
  }
}

std::unique_ptr<ReadyRequest> Pool::take(const Announcement& a) {
  if (a.kept > 0 || !a.padded || qwen::Engine(a.engine) != options_.pool_engine || a.capacity < a.prompt + options_.pool_tokens) return nullptr;
  for (Size& size : sizes_) {
    if (size.wanted.positions != a.prompt || size.ready.empty()) continue;
    std::unique_ptr<ReadyRequest> ready = std::move(size.ready.front());
    size.ready.pop_front();
    tell();
    return ready;
  }
  return nullptr;
}

void Pool::tell() {
  std::vector<PoolSize> ready;
  for (const Size& size : sizes_) ready.push_back({size.wanted.positions, size.ready.size()});
  world_.send_now(Role::client, Lane::dealing, Kind::pool, 0, ready.data(), ready.size() * sizeof(PoolSize));
}

std::optional<std::vector<PoolSize>> pool_news(net::World& world) {
  std::optional<std::vector<PoolSize>> last;
  while (world.waiting(Role::dealer, Lane::dealing)) {
    const std::vector<std::uint8_t> bytes = world.receive_now(Role::dealer, Lane::dealing, Kind::pool, 0, kMostSizes * sizeof(PoolSize));
    if (bytes.size() % sizeof(PoolSize) != 0) throw Error("the dealer's word about its ready requests has " + std::to_string(bytes.size()) + " bytes");
    last.emplace(bytes.size() / sizeof(PoolSize));
    if (!bytes.empty()) std::memcpy(last->data(), bytes.data(), bytes.size());
  }
  return last;
}

}  // namespace shardlm::protocol
