#include "shardlm/crypto/dpf_rows.hpp"

#include "dpf_rows_host.hpp"
#include "dpf_rows_portable.hpp"
#include "launch.hpp"

#include <string>

namespace shardlm::crypto {
namespace {

constexpr bool kReadsHost = Kokkos::SpaceAccessibility<Exec, Kokkos::HostSpace>::accessible;

// Where the kernels can read it: where it lies, or in a copy.
Array<const std::uint8_t> to_memory(const std::uint8_t* bytes, std::size_t size) {
  if constexpr (kReadsHost) {
    return Array<const std::uint8_t>(bytes, size);
  } else {
    const Array<std::uint8_t> copy = uninitialized<std::uint8_t>("table", size);
    Kokkos::deep_copy(copy, HostArray<const std::uint8_t>(bytes, size));
    return copy;
  }
}

std::uint32_t word_at(const std::uint8_t* bytes) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word |= std::uint32_t{bytes[i]} << (8 * i);
  return word;
}

// A message's keys in the kernels' layout, in the execution space's memory, wiped at the end.
class Keys {
 public:
  Keys(int party, int m, const std::uint8_t* message, std::size_t tokens)
      : depth_(row_depth(m)), pitch_(4 + RowBatch::kLevelWords * std::size_t(depth_) + 16) {
    batch_.depth = depth_;
    batch_.party = static_cast<std::uint32_t>(party);
    batch_.tokens = tokens;
    batch_.pitch = pitch_;
    for (int i = 0; i < 4; ++i) batch_.salt[i] = word_at(message + 4 * i);
    words_ = uninitialized<std::uint32_t>("row keys", tokens * pitch_);
    const auto host = Kokkos::create_mirror_view(words_);
    for (std::size_t t = 0; t < tokens; ++t) unpack(message + sizeof(Salt) + t * one_row_key_bytes(m), m, host.data() + t * pitch_);
    Kokkos::deep_copy(words_, host);
    if (host.data() != words_.data()) wipe(host.data(), host.size() * sizeof(std::uint32_t));
    batch_.keys = words_.data();
  }
  ~Keys() {
    Kokkos::deep_copy(words_, 0u);
    Exec().fence();
  }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;
  const RowBatch& batch() const { return batch_; }

 private:
  void unpack(const std::uint8_t* from, int m, std::uint32_t* out) const {
    const std::uint8_t *seeds = from + 16, *controls = seeds + 16 * depth_, *leaf = controls + row_control_bytes(m);
    for (int i = 0; i < 4; ++i) *out++ = word_at(from + 4 * i);
    for (int level = 0; level < depth_; ++level) {
      for (int i = 0; i < 4; ++i) *out++ = word_at(seeds + 16 * level + 4 * i);
      *out++ = controls[level / 4] >> (2 * (level % 4)) & 3;
    }
    for (int i = 0; i < 16; ++i) *out++ = word_at(leaf + 4 * i);
  }

  int depth_;
  std::size_t pitch_;
  RowBatch batch_{};
  Array<std::uint32_t> words_;
};

void check(const RowTable& table, int party, int m, std::size_t bytes, std::size_t tokens, int scale) {
  if (party != 0 && party != 1) throw Error("row keys belong to server 0 or 1, not " + std::to_string(party));
  if (m < kRowLeafBits || m > kMostRowBits || (table.rows() - 1) >> m != 0)
    throw Error("row keys over " + std::to_string(m) + " bits do not fit a table of " + std::to_string(table.rows()) + " rows");
  if (bytes < sizeof(Salt) || (bytes - sizeof(Salt)) % one_row_key_bytes(m) != 0 || (bytes - sizeof(Salt)) / one_row_key_bytes(m) != tokens)
    throw Error("a message of " + std::to_string(bytes) + " bytes does not hold the keys of " + std::to_string(tokens) + " rows over " +
                std::to_string(m) + " bits, " + std::to_string(one_row_key_bytes(m)) + " bytes each behind " + std::to_string(sizeof(Salt)) + " of salt");
  if (tokens >> 32 != 0) throw Error("a batch of " + std::to_string(tokens) + " row keys is too long; read the rows in parts");
  if (scale < 0 || scale > 62) throw Error("rows cannot be read at scale " + std::to_string(scale) + "; 0 to 62 are possible");
}

}  // namespace

RowTable::RowTable(RowFormat format, const void* numbers, std::size_t rows, std::size_t columns) : format_(format), rows_(rows), columns_(columns) {
  if (numbers == nullptr || rows == 0 || columns == 0)
    throw Error("a table of " + std::to_string(rows) + " rows and " + std::to_string(columns) + " columns has nothing to read");
  if (reinterpret_cast<std::uintptr_t>(numbers) % bytes_of(format) != 0)
    throw Error("a table's numbers of " + std::to_string(bytes_of(format)) + " bytes must begin at a multiple of that in memory");
  bytes_ = to_memory(static_cast<const std::uint8_t*>(numbers), rows * columns * bytes_of(format));
}

Tensor weighted_rows(const RowTable& table, int party, int m, const std::uint8_t* keys, std::size_t bytes, std::size_t tokens, int scale,
                     const std::function<void()>& between) {
  check(table, party, m, bytes, tokens, scale);
  const Array<Word> out("rows", tokens * table.columns());
  if (tokens > 0) {
    const Keys unpacked(party, m, keys, tokens);
    const RowNumbers numbers{table.format(), table.bytes().data(), table.rows(), table.columns()};
    if (on_vectors())
      weighted_rows_host(row_kernels(vector_isa()), numbers, unpacked.batch(), scale, out.data(), between);
    else
      weighted_rows_portable<Exec>(numbers, unpacked.batch(), scale, out.data(), between);
  }
  return Tensor({tokens, table.columns()}, out);
}

}  // namespace shardlm::crypto
