#include "shardlm/protocol/file_transfer.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "messages.hpp"
#include "shardlm/io/received_file.hpp"

namespace shardlm::protocol {
namespace {

using net::Kind;
using net::Lane;
using net::Role;

constexpr std::size_t kPart = std::size_t{256} << 10;  // what a slow line carries well within the timeout

struct Offer {
  char digest[64];
  std::uint64_t bytes;
};
struct Has {
  std::uint64_t bytes;
};

}  // namespace

void offer_file(net::World& world, const std::string& path, const std::string& digest) {
  Offer offer{};
  if (digest.size() != sizeof offer.digest) throw Error("a digest of " + std::to_string(digest.size()) + " characters");
  std::memcpy(offer.digest, digest.data(), sizeof offer.digest);
  offer.bytes = std::filesystem::file_size(path);
  world.send_now(Role::client, Lane::control, Kind::file, 0, &offer, sizeof offer);
  std::uint64_t at = decode_message<Has>(world.receive_now(Role::client, Lane::control, Kind::file, 0)).bytes;
  if (at > offer.bytes) throw Error("the client has " + std::to_string(at) + " of the " + std::to_string(offer.bytes) + " bytes of " + path);
  std::ifstream file(path, std::ios::binary);
  file.seekg(std::streamoff(at));
  net::Packet packet(kPart);
  while (at < offer.bytes) {
    packet.size = std::min<std::uint64_t>(kPart, offer.bytes - at);
    if (!file.read(reinterpret_cast<char*>(packet.data()), std::streamsize(packet.size))) throw Error("cannot read " + path);
    net::Transfer transfer = world.send(Role::client, Lane::control, Kind::file, 0, packet);
    world.finish(transfer);
    at += packet.size;
  }
}

Received receive_file(net::World& world, Role from, const std::function<std::string(const std::string& path, const std::string& digest)>& check,
                      const io::Progress& progress) {
  const Offer offer = decode_message<Offer>(world.receive_now(from, Lane::control, Kind::file, 0));
  const std::string digest(offer.digest, sizeof offer.digest);
  io::ReceivedFile file(digest, offer.bytes);
  const Has has{file.has()};
  world.send_now(from, Lane::control, Kind::file, 0, &has, sizeof has);
  net::Packet packet(has.bytes < offer.bytes ? kPart : 0);
  while (file.has() < offer.bytes) {
    net::Transfer transfer = world.receive(from, Lane::control, Kind::file, 0, packet);
    world.finish(transfer);
    if (packet.size == 0) throw Error("an empty part of a file came");
    file.append(packet.data(), packet.size);
    if (progress) progress(file.has(), offer.bytes);
  }
  file.publish([&](const std::string& path) { return check(path, digest); });
  return {file.path(), offer.bytes, offer.bytes - has.bytes};
}

}  // namespace shardlm::protocol
