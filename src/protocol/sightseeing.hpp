// What a server lets the client see of what it got, where the client asked for that.
#pragma once

#include <algorithm>

#include "messages.hpp"
#include "shardlm/mpc/server.hpp"
#include "shardlm/protocol/session.hpp"

namespace shardlm::protocol {

class Sightseeing {
 public:
  Sightseeing(net::World& world, const Announcement& a, const mpc::Server& server) : world_(world), server_(server), request_(a.request), on_(a.show != 0) {
    if (on_) world_.observe([this](const net::World::Message& message) { look(message); });
  }
  ~Sightseeing() {
    if (on_) world_.observe({});
  }
  Sightseeing(const Sightseeing&) = delete;
  Sightseeing& operator=(const Sightseeing&) = delete;

  // After a step.
  void tell() {
    if (!on_) return;
    sight_.rounds = server_.costs().rounds;
    sight_.bytes = server_.costs().opened_bytes;
    world_.send_now(net::Role::client, net::Lane::control, net::Kind::sight, request_, &sight_, sizeof sight_);
    sight_ = Sight();
  }

 private:
  void look(const net::World::Message& m) {
    using net::Kind;
    if (m.sent || m.request != request_) return;
    if (m.kind == Kind::embedding || m.kind == Kind::points) {
      if (sight_.glimpses[0].size == 0) keep(m, 0, 0);
    } else if (m.kind == Kind::opening) {
      if (sight_.glimpses[1].size == 0 && m.size >= kBytes) keep(m, 1, 0);
    } else if (m.kind == Kind::dealt && m.size >= 2 * kBytes) {
      keep(m, 2, m.size - kBytes);  // words or keys; heads of packet and records come before them
    }
  }
  void keep(const net::World::Message& m, int place, std::size_t from) {
    Sight::Glimpse& glimpse = sight_.glimpses[place];
    glimpse = {m.peer, m.kind, m.size, {}};
    std::copy_n(m.data + from, std::min(kBytes, m.size - from), glimpse.bytes.begin());
  }

  static constexpr std::size_t kBytes = std::tuple_size<decltype(Sight::Glimpse::bytes)>::value;
  net::World& world_;
  const mpc::Server& server_;
  const std::uint64_t request_;
  const bool on_;
  Sight sight_;
};

}  // namespace shardlm::protocol
