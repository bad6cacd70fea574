// Rows of a table, each sealed under a key of its own that the OPRF gives: oblivious transfer of as many rows as are asked for, one
// after the other.
//
//   sender     seals row i of N under a key made from F_k(i), with the OPRF's key k, and sends all N sealed rows once
//   receiver   for a row i that it wants: blind, the sender's blind_evaluate, finalize give F_k(i); open_row
//
// This is k-out-of-N oblivious transfer with adaptive queries: Naor and Pinkas (STOC 1999 with polynomial evaluation; CRYPTO 1999 with
// adaptive queries), from blinded exponentiation as Chu and Tzeng have it (PKC 2005), and from any OPRF as Jarecki and Liu put it (TCC 2009).
//
// The sender learns how many rows are asked for, and when; about which ones, nothing, however much it computes. The receiver learns N,
// the size of a row, and the rows that it asked for, which it can open again as long as it has the sealed table; a row that it did not
// ask for stays hidden under the OPRF's assumption. Whoever only watches learns these counts. Two conditions:
//
//  - The receiver takes the whole sealed table. Fetching the row that it wants would name it.
//  - The parties do as they are told. A sender that seals a row wrongly learns, from whether the receiver complains, whether that row
//    was wanted. So that a complaint says no more than that, no Error of open_row names a row.
//
// Row i is sealed with ChaCha20-Poly1305 (RFC 8439), nonce 0, associated data "ShardLM row" || table number || i, under the first 32 bytes of
// HMAC-SHA-512(F_k(i), "ShardLM row key" || table number || 1), which is HKDF-Expand of RFC 5869. F_k(i) is uniform, so its own bytes
// would do for one table; with the table number in it, a key k that seals a second table, or the same again with a changed row, still
// uses no key of a row twice. So the nonce may be 0, and the rule is: a table number is drawn for one sealing of one table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "shardlm/io/sealed_table.hpp"
#include "shardlm/ot/oprf.hpp"

namespace shardlm::ot {

using io::kSealBytes;
using io::TableNumber;
TableNumber random_table_number();

// The OPRF's input for row i: big-endian.
std::array<std::uint8_t, 4> row_input(std::uint32_t i);

// n bytes at `plain` -> n + kSealBytes at `sealed`, which may not overlap. `output` is F_k(i).
void seal_row(const Output& output, const TableNumber& table, std::uint32_t i, const std::uint8_t* plain, std::size_t n, std::uint8_t* sealed);

// The other way: n + kSealBytes bytes at `sealed` -> n at `plain`. Throws Error where the seal is not that of this row under this key, and
// leaves zeros in `plain`; throws Error for less than a tag and writes nothing.
void open_row(const Output& output, const TableNumber& table, std::uint32_t i, const std::uint8_t* sealed, std::size_t sealed_bytes,
              std::uint8_t* plain);

// The sender's rows first .. first + count - 1, on this thread: count rows of n bytes at `plain`, one after the other, become as many
// of n + kSealBytes at `sealed`. Any part of a table can be sealed alone. Throws Error where row numbers would not fit 32 bits.
void seal_rows(const PrivateKey& key, const TableNumber& table, std::uint32_t first, std::size_t count, const std::uint8_t* plain, std::size_t n,
               std::uint8_t* sealed);

}  // namespace shardlm::ot
