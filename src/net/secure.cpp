// The handshakes of a rank with the other three, before which nothing of a request travels.
#include <Kokkos_Core.hpp>

#include "impl.hpp"

namespace shardlm::net {
namespace {

using Mail = std::array<seal::Bytes, kParties>;  // to or from each rank; nothing for the own one

constexpr std::size_t kLargest = std::size_t{1} << 20;

Mail swap(World& world, const Mail& mine) {
  Mail theirs;
  std::array<Packet, kParties> packets;
  std::vector<Transfer> transfers;
  for (int to = 0; to < kParties; ++to) {
    if (Role(to) == world.role()) continue;
    packets[to] = Packet(mine[to].size());
    packets[to].size = mine[to].size();
    std::copy(mine[to].begin(), mine[to].end(), packets[to].data());
    transfers.push_back(world.send(Role(to), Lane::collective, Kind::hello, 0, packets[to]));
  }
  for (int from = 0; from < kParties; ++from)
    if (Role(from) != world.role()) theirs[from] = world.receive_now(Role(from), Lane::collective, Kind::hello, 0, kLargest);
  for (Transfer& transfer : transfers) world.finish(transfer);
  return theirs;
}

// The three handshakes. One that fails does not stop the others, so that every pair that cannot agree is named; the peer of a rank that
// gave one up gets an empty message, and leaves it to that rank to say why.
class Handshakes {
 public:
  Handshakes(World& world, const Credentials& credentials) : world_(world), credentials_(credentials) {
    each([this](int peer) {
      pairs_[peer] = std::make_unique<seal::Handshake>(credentials_.identity, int(world_.role()), peer, credentials_.peers[peer], credentials_.context);
    });
  }

  void run() {
    Mail mail;
    each([&](int peer) { mail[peer] = pairs_[peer]->hello(); });
    mail = swap(world_, mail);
    each([&](int peer) { pairs_[peer]->take_hello(mail[peer]); });
    Mail answers;
    each([&](int peer) {
      world_.still_working();  // so may a report
      answers[peer] = pairs_[peer]->authenticate(credentials_.evidence ? credentials_.evidence(pairs_[peer]->binding()) : seal::Bytes());
    });
    mail = swap(world_, answers);
    each([&](int peer) {
      if (mail[peer].empty()) return pairs_[peer].reset();
      world_.still_working();  // a verifier may take its time
      const seal::Bytes evidence = pairs_[peer]->take_authentication(mail[peer]);
      if (credentials_.verify) credentials_.verify(Role(peer), evidence, pairs_[peer]->peer_binding());
    });
  }
  // Whatever the others say of it, which nobody has authenticated yet.
  void require_all() const {
    for (int peer = 0; peer < kParties; ++peer)
      if (Role(peer) != world_.role() && (gave_up_[peer] || !pairs_[peer]))
        throw Error("the channel between " + std::string(name(world_.role())) + " and " + name(Role(peer)) + " is refused: no authentication came");
  }
  const std::string& trouble() const { return trouble_; }
  seal::Keys keys(int peer) const { return pairs_[peer]->keys(); }

 private:
  template <class F>
  void each(const F& f) {
    for (int peer = 0; peer < kParties; ++peer) {
      if (Role(peer) == world_.role() || gave_up_[peer]) continue;
      try {
        f(peer);
      } catch (const Error& error) {
        trouble_ += (trouble_.empty() ? "" : "; ") + ("the channel between " + std::string(name(world_.role())) + " and " + name(Role(peer))) +
                    " is refused: " + error.what();
        gave_up_[peer] = true;
      }
    }
  }

  World& world_;
  const Credentials& credentials_;
  std::array<std::unique_ptr<seal::Handshake>, kParties> pairs_;
  std::array<bool, kParties> gave_up_{};
  std::string trouble_;
};

// Large messages are sealed and opened by the threads that compute.
seal::ChannelOptions on_all_threads() {
  seal::ChannelOptions options;
  options.threads = unsigned(std::max(1, int(Kokkos::DefaultHostExecutionSpace().concurrency())));
  options.parallel = [](unsigned workers, const std::function<void(unsigned)>& work) {
    const auto* each = &work;
    Kokkos::parallel_for(
        "shardlm::net::seal", Kokkos::RangePolicy<HostExec>(0, workers), [each](const std::size_t worker) { (*each)(unsigned(worker)); });
  };
  return options;
}

}  // namespace

void World::secure(const Credentials& credentials) {
  if (impl_->secure) throw Error("the channels are secure already");
  for (const Impl::Flow& flow : impl_->flows)
    for (const auto& awaited : flow.expected)
      if (!awaited->empty()) throw Error("channels cannot become secure while a message is awaited");
  Handshakes handshakes(*this, credentials);
  handshakes.run();
  agree(handshakes.trouble());
  handshakes.require_all();
  const seal::ChannelOptions options = on_all_threads();
  Watch::Sealers note_sealers;
  Watch::Openers note_openers;
  for (int peer = 0; peer < kParties; ++peer) {
    if (Role(peer) == role_) continue;
    const seal::Keys keys = handshakes.keys(peer);
    for (int lane = 1; lane <= kLanes; ++lane) {
      Impl::Flow& flow = impl_->flow(static_cast<Lane>(lane));
      flow.sealers[peer].emplace(keys.send, std::uint32_t(lane), options);
      flow.openers[peer].emplace(keys.receive, std::uint32_t(lane), options);
    }
    note_sealers[peer].emplace(keys.send, Watch::kLane);
    note_openers[peer].emplace(keys.receive, Watch::kLane);
  }
  impl_->watch.secure(std::move(note_sealers), std::move(note_openers));
  impl_->secure = true;
}

bool World::is_secure() const { return impl_->secure; }

}  // namespace shardlm::net
