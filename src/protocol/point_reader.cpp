#include "point_reader.hpp"

#include "clock.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/numbers.hpp"

namespace shardlm::protocol {
namespace {

using net::Role;

crypto::RowTable rows_of(const io::ModelFile& file) {
  const io::EmbeddingRows rows = file.embedding_rows();
  const auto format = rows.type == io::FloatType::bf16  ? crypto::RowFormat::bf16
                      : rows.type == io::FloatType::f16 ? crypto::RowFormat::f16
                                                        : crypto::RowFormat::f32;
  return crypto::RowTable(format, rows.data, rows.rows, rows.columns);
}

}  // namespace

PointReader::PointReader(net::World& world, const io::ModelFile& table)
    : world_(world), bits_(crypto::row_bits(table.config().vocabulary)), table_(rows_of(table)) {}

Tensor PointReader::read(std::uint64_t request, std::size_t tokens) {
  const std::size_t size = crypto::row_key_bytes(bits_, tokens);
  net::Packet packet(size);
  net::Transfer transfer = world_.receive(Role::client, net::Lane::oblivious, net::Kind::points, request, packet);
  world_.finish(transfer);
  const double start = now();
  if (packet.size != size) throw Error("the client's keys have " + std::to_string(packet.size) + " bytes instead of " + std::to_string(size));
  const int party = world_.role() == Role::server0 ? 0 : 1;
  const Tensor shares =
      crypto::weighted_rows(table_, party, bits_, packet.data(), packet.size, tokens, kResidualScale, [this] { world_.still_working(); });
  seconds_ += now() - start;
  return shares;
}

}  // namespace shardlm::protocol
