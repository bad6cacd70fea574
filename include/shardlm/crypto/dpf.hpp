// The distributed point function, the one cryptographic gate, and its three readings.
//
// Boyle, Gilboa, Ishai, CCS'16, figure 1, with early termination in leaves of 512 bits: two keys that each expand to 2^m
// bits; the bits differ (xor 1) at alpha and agree elsewhere. A node with seed s, at tree level d, of the DPF with serial
// number n, expands to one ChaCha block: key = s || salt, counter = d, nonce = (use, n low, n high), so no two blocks of a
// deployment share all three and guessing one seed helps against one node alone.
//   node block: words 0-3 left seed, 4-7 right seed, bit 0 of word 8 left control bit, bit 0 of word 9 right control bit
//   leaf block: 512 bits, bit i in word i / 32
// Sign: t_0[alpha] - t_1[alpha] = +1 or -1, known to the dealer alone. It must stay so: fixing it leaks a bit of alpha.
//
// Readings
//   look_up_*     sum over i of t_b[i] T[z - i], minus for server 1: the sum of both is sign * T[z - alpha]
//   prefix        the parity of the bits 0..x: xor shares of [alpha <= x] (Boyle et al., TCC'19)
//
// Kernels branch and index on z, which both servers know, and never on seeds, bits or alpha.
#pragma once

#include "shardlm/crypto/stream.hpp"

#include <memory>
#include <vector>

namespace shardlm::crypto {

constexpr int kLeafBits = 9;  // a leaf holds 2^9 bits
constexpr int dpf_depth(int m) { return m > kLeafBits ? m - kLeafBits : 0; }

// Correction words of a tile, in 32-bit words: per level 4 x 16 seed words, then 16 x 16 leaf words; and, after those of
// all tiles, per tile and level one word with the left control bits (low half) and the right ones (high half) of 16 keys.
constexpr std::size_t correction_words(int m, std::size_t n) { return tiles_of(n) * (65 * std::size_t(dpf_depth(m)) + 256); }

// 16.25 (m - 9) + 64 bytes a key, in whole tiles.
constexpr std::size_t correction_bytes(int m, std::size_t n) { return 4 * correction_words(m, n); }

// Which blocks a batch uses: serial number of key i = serial + i (tiles full: the next batch starts at serial + 16 tiles).
struct Tweak {
  Salt salt{};
  std::uint64_t serial = 0;
};

// One server's keys of a batch.
struct DpfKeys {
  int m = 0;
  std::size_t n = 0;
  int party = 0;                      // 0 or 1: the root's control bit
  Tweak tweak;
  Array<std::uint32_t> roots;         // [tiles][4][16]
  Array<std::uint32_t> corrections;   // correction_words(m, n); the same for both servers
};

// The dealer's side. alpha: n values below 2^m. roots0, roots1: from the two servers' streams.
// signs: n words, 1 or 2^64 - 1.
struct DpfBatch {
  Array<std::uint32_t> corrections;
  Array<Word> signs;
};
DpfBatch generate(int m, const Array<Word>& alpha, const Array<std::uint32_t>& roots0, const Array<std::uint32_t>& roots1, const Tweak& tweak);

// A table of two columns over the whole domain Z_{2^m}, 10 <= m <= 16, that is a true table in the cells [-256, 256), zero
// in the cells below and a line slope * cell in the cells from 256 up (SiLU). Construction throws Error where that does not hold, where
// a deviation from the line does not fit 24 bits in column 0 or 8 bits in column 1.
class LineTable {
 public:
  LineTable() = default;
  LineTable(int m, const std::vector<Word>& column0, const std::vector<Word>& column1);  // 2^m cells each, cell c at c mod 2^m
  int m() const { return m_; }
  struct Data;  // what the kernels read
  const Data* host() const { return host_.get(); }
  Array<const std::uint8_t> device() const { return device_; }  // Data, in Memory

 private:
  int m_ = 0;
  std::shared_ptr<const Data> host_;
  Array<const std::uint8_t> device_;
};

// One column over Z_{2^m}, 10 <= m <= 16, of cells in [-2^15, 2^15): 1/sqrt and 1/x by binade. Runs of zero cells cost nothing.
class CellTable {
 public:
  CellTable() = default;
  CellTable(int m, const std::vector<std::int32_t>& cells);
  int m() const { return m_; }
  Array<const std::int16_t> reversed() const { return reversed_; }

 private:
  int m_ = 0;
  Array<const std::int16_t> reversed_;
};

// Two columns of the cells first .. first + count - 1, count <= 448, every other cell of the domain zero (exp).
// |cell| < 2^21 in both columns.
class WindowTable {
 public:
  WindowTable() = default;
  WindowTable(int first, const std::vector<std::int32_t>& column0, const std::vector<std::int32_t>& column1);
  int first() const { return first_; }
  int count() const { return count_; }
  Array<const std::int32_t> cells() const { return cells_; }

 private:
  int first_ = 0, count_ = 0;
  Array<const std::int32_t> cells_;
};

struct TwoColumns {
  Array<Word> a, b;  // this server's additive shares in Z_{2^64} of sign * column[z - alpha]
};
TwoColumns look_up(const LineTable& table, const DpfKeys& keys, const Array<Word>& z);
Array<Word> look_up(const CellTable& table, const DpfKeys& keys, const Array<Word>& z);
TwoColumns look_up(const WindowTable& table, const DpfKeys& keys, const Array<Word>& z);

// x: [queries][n], query q of key i at q * n + i: this server's xor share, 0 or 1, of [alpha_i <= x], same layout.
Array<Word> prefix(const DpfKeys& keys, const Array<Word>& x);

// All 2^m bits, m <= 20, for tests: [2^m / 32][n] words, bit i of key j in word (i / 32) * n + j. m < 5 gives one word.
Array<std::uint32_t> expand(const DpfKeys& keys);

}  // namespace shardlm::crypto
