// Reading rows of a public table from two servers that do not learn which: private information retrieval whose answer stays shared.
//
// For each row alpha that it wants, a client makes a pair of keys of a distributed point function over Z_{2^64} and sends one to each server
// (Boyle, Gilboa, Ishai, CCS'16, figure 1, beta = 1, with early termination in leaves of 8 words). A key expands to a word y_b[i] for each of
// the 2^m rows, which says nothing by itself; y_0[i] + y_1[i] is 1 at i = alpha and 0 elsewhere. So the sum over i of y_b[i] T[i], as server b
// computes it in a pass over the table, is its additive share of the row T[alpha]. The client needs no table; the servers learn the number of
// rows that it reads, and nothing else.
//
//   block(s, use, d)   = ChaCha(key = s || salt, counter = d, nonce = (use, serial, 0)): 16 words of 32 bits; serial = place in the batch
//   children of (s, t) at level d:   w = block(s, kRowNodeUse, d),   left  = (w[0..3] ^ t cw, w[8] mod 2 ^ t cwL)
//                                                                    right = (w[4..7] ^ t cw, w[9] mod 2 ^ t cwR)
//   leaf of (s, t), depth n = m - 3: y_b = (-1)^b (block(s, kRowLeafUse, n) + t cwLeaf), as 8 words of 64 bits
//   root of server b:                (its own 128 random bits, b)
// and the corrections, from both servers' nodes (s0, t0) and (s1, t1) on the path to alpha, whose next bit is a:
//   cw = what the children beside the path differ by (xor),   cwL = t0L ^ t1L ^ a ^ 1,   cwR = t0R ^ t1R ^ a,
//   cwLeaf = (-1)^t1 (e - leaf0 + leaf1),   e = 1 at word alpha mod 8, else 0
//
// The salt is fresh for each batch and public, serials differ within one, and no other use of ChaCha has these two (stream.hpp): no block serves
// two nodes.
#pragma once

#include "shardlm/core/tensor.hpp"
#include "shardlm/crypto/stream.hpp"

#include <functional>
#include <vector>

namespace shardlm::crypto {

constexpr int kRowLeafBits = 3, kMostRowBits = 30;  // 3 <= m <= 30
constexpr int row_depth(int m) { return m - kRowLeafBits; }

// The least m that covers a table's rows.
constexpr int row_bits(std::size_t rows) {
  int m = kRowLeafBits;
  while (m < 64 && (rows - 1) >> m != 0 && rows != 0) ++m;
  return m;
}

// A server's message, all numbers little-endian: the salt, 16 bytes; then, for each row in turn,
//   root seed 16, seed corrections 16 a level, control corrections, leaf correction 64.
// Control corrections: bit 2 d is cwL of level d, bit 2 d + 1 is cwR, bit 0 the lowest of the first byte; up to 6 zero bits fill the last byte.
// All of it but the salt and these zeros looks random to who has not the other server's root.
constexpr std::size_t row_control_bytes(int m) { return (2 * std::size_t(row_depth(m)) + 7) / 8; }
constexpr std::size_t one_row_key_bytes(int m) { return 16 + 16 * std::size_t(row_depth(m)) + row_control_bytes(m) + 64; }
constexpr std::size_t row_key_bytes(int m, std::size_t rows) { return sizeof(Salt) + rows * one_row_key_bytes(m); }

// A batch's messages to both servers, as only the client may hold them: together they say which rows. Wiped at the end.
struct RowKeys {
  std::vector<std::uint8_t> server[2];
  RowKeys() = default;
  RowKeys(RowKeys&&) = default;
  RowKeys& operator=(RowKeys&&) = delete;
  ~RowKeys() {
    for (auto& bytes : server)
      if (!bytes.empty()) wipe(bytes.data(), bytes.size());
  }
};

// The client's side, on the host, with randomness from the operating system. Neither branches nor memory accesses depend on the rows, but that
// one of 2^m or more throws Error, as does an m outside 3 .. 30.
RowKeys make_row_keys(int m, const std::vector<std::uint32_t>& rows);

// How a table's numbers are stored, little-endian.
enum class RowFormat { bf16, f16, f32 };
constexpr std::size_t bytes_of(RowFormat format) { return format == RowFormat::f32 ? 4 : 2; }

// A table [rows][columns] in host memory, such as a mapped file, which must outlive this. A host reads it where it lies; a device keeps a copy.
// Throws Error where the address is no multiple of a number's size, or the table is empty.
class RowTable {
 public:
  RowTable(RowFormat format, const void* numbers, std::size_t rows, std::size_t columns);
  RowFormat format() const { return format_; }
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  const Array<const std::uint8_t>& bytes() const { return bytes_; }  // in the execution space's memory

 private:
  RowFormat format_;
  std::size_t rows_, columns_;
  Array<const std::uint8_t> bytes_;
};

// Server `party`'s shares of `tokens` rows, [tokens][columns], mod 2^64: the two servers' sum is encode(number, scale) (core/ring.hpp) of each
// number of the row, bit for bit, 0 <= scale <= 62, where |number| < 2^(63 - scale); zeros for a row beyond the table. keys: the client's message.
// Throws Error where its length is not row_key_bytes(m, tokens) or 2^m does not cover the table. Whatever a message of that length holds, it is
// read as keys. between: called after each pass over the table, of which a CPU makes one for every 32 tokens; it may throw.
Tensor weighted_rows(const RowTable& table, int party, int m, const std::uint8_t* keys, std::size_t bytes, std::size_t tokens, int scale,
                     const std::function<void()>& between = {});

}  // namespace shardlm::crypto
