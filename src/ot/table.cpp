#include "shardlm/ot/table.hpp"

#include "shardlm/core/error.hpp"
#include "shardlm/ot/rows.hpp"

namespace shardlm::ot {

void make_table(const std::string& model, const std::string& folder, const io::Progress& progress, bool replaces) {
  const PrivateKey key = random_key();
  const TableNumber number = random_table_number();
  const io::RowSealer seal = [&](std::size_t first, std::size_t count, const std::uint8_t* rows, std::size_t bytes, std::uint8_t* sealed) {
    seal_rows(key, number, std::uint32_t(first), count, rows, bytes, sealed);
  };
  io::write_sealed_table(model, folder, number, key.scalar().bytes, seal, progress, replaces);
}

PrivateKey key_of(const io::KeyFile& file) { return PrivateKey(Scalar(file.key())); }

}  // namespace shardlm::ot
