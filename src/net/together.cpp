// What World offers on top of send() and receive().
#include <cstring>

#include "call.hpp"
#include "header.hpp"
#include "impl.hpp"

namespace shardlm::net {

void World::exchange(Role peer, Lane lane, Kind kind, std::uint64_t request, Packet& mine, Packet& theirs) {
  Transfer in = receive(peer, lane, kind, request, theirs);
  Transfer out = send(peer, lane, kind, request, mine);
  finish(in);
  finish(out);
}

void World::send_now(Role to, Lane lane, Kind kind, std::uint64_t request, const void* bytes, std::size_t size) {
  Packet packet(size);
  packet.size = size;
  if (size > 0) std::memcpy(packet.data(), bytes, size);
  Transfer transfer = send(to, lane, kind, request, packet);
  finish(transfer);
}

std::pair<Kind, Packet> World::take(Role from, Lane lane, const Kind* kind, std::uint64_t request, std::size_t largest) {
  MPI_Status status;
  impl_->wait(
      from, lane, timeout_, [&] { return impl_->probe(from, lane, &status); },
      [&] { return std::string(kind == nullptr ? "a message" : name(*kind)) + " of request " + std::to_string(request) + " was awaited"; });
  int bytes = 0;
  call(MPI_Get_count(&status, MPI_BYTE, &bytes), "looking at a message");
  Packet packet(std::min(largest, static_cast<std::size_t>(bytes)));  // its header is more than enough room to spare
  Transfer transfer = receive(from, lane, kind == nullptr ? Kind::hello : *kind, request, packet);
  transfer.state_->any_kind = kind == nullptr;
  transfer.state_->header.size = packet.capacity();
  finish(transfer);
  Header came;
  std::memcpy(&came, packet.bytes_.data() + kHeaderAt, sizeof(came));
  return {static_cast<Kind>(came.kind), std::move(packet)};
}

std::vector<std::uint8_t> World::receive_now(Role from, Lane lane, Kind kind, std::uint64_t request, std::size_t largest) {
  const Packet packet = take(from, lane, &kind, request, largest).second;
  return {packet.data(), packet.data() + packet.size};
}

std::pair<Kind, std::vector<std::uint8_t>> World::receive_any(Role from, Lane lane, std::uint64_t request, std::size_t largest) {
  const auto [kind, packet] = take(from, lane, nullptr, request, largest);
  return {kind, {packet.data(), packet.data() + packet.size}};
}

std::vector<std::string> World::gather(Kind kind, const std::string& mine) {
  constexpr std::size_t kLargest = std::size_t{64} << 20;
  std::vector<std::string> all(kParties);
  std::vector<Packet> packets;
  std::vector<Transfer> transfers;
  for (int to = 0; to < kParties; ++to) {
    Packet packet(mine.size());
    packet.size = mine.size();
    if (!mine.empty()) std::memcpy(packet.data(), mine.data(), mine.size());
    if (static_cast<Role>(to) != role_) transfers.push_back(send(static_cast<Role>(to), Lane::collective, kind, 0, packet));
    packets.push_back(std::move(packet));
  }
  for (int from = 0; from < kParties; ++from) {
    if (static_cast<Role>(from) == role_) {
      all[from] = mine;
      continue;
    }
    const Packet packet = take(static_cast<Role>(from), Lane::collective, &kind, 0, kLargest).second;
    all[from].assign(reinterpret_cast<const char*>(packet.data()), packet.size);
  }
  for (Transfer& transfer : transfers) finish(transfer);
  return all;
}

std::vector<std::string> World::gather_all(const std::string& mine) { return gather(Kind::report, mine); }

// "server 0: ..., server 1: ..."; ranks that brought the same sentence are named together.
void World::agree(const std::string& trouble) {
  // What the client says may hold words of the prompt. It is the first rank, so it prints for all, and the others need not know.
  const bool secret = role_ == Role::client && !trouble.empty();
  std::vector<std::string> all = gather(Kind::agreement, secret ? kClientSays : trouble);
  if (secret) all[static_cast<int>(role_)] = trouble;
  std::string sentence;
  int first = -1;
  for (int rank = 0; rank < kParties; ++rank) {
    if (all[rank].empty()) continue;
    if (first < 0) first = rank;
    if (std::find(all.begin(), all.begin() + rank, all[rank]) != all.begin() + rank) continue;
    std::string who;
    for (int other = rank; other < kParties; ++other) {
      if (all[other] == all[rank]) who += std::string(who.empty() ? "" : ", ") + name(static_cast<Role>(other));
    }
    sentence += (sentence.empty() ? "" : "; ") + who + ": " + all[rank];
  }
  if (first >= 0) throw Disagreement(sentence, first == static_cast<int>(role_));
}

}  // namespace shardlm::net
