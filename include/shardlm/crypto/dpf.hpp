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

// The dealer's side, 1 <= m <= 64. alpha: n values, taken mod 2^m. roots0, roots1: from the two servers' streams.
// signs: n words, 1 or 2^64 - 1.
struct DpfBatch {
  Array<std::uint32_t> corrections;
  Array<Word> signs;
};
DpfBatch generate(int m, const Array<Word>& alpha, const Array<std::uint32_t>& roots0, const Array<std::uint32_t>& roots1, const Tweak& tweak);

// A table of two columns over the whole domain Z_{2^m}, 10 <= m <= 16, cell c at c mod 2^m, that is a table only near zero (SiLU):
// zero in the cells below -256, a line offset + slope * cell in the cells from 256 up to 2^(m-1) - 1, anything in between whose deviations
// from line and zero fit 24 signed bits in column 0 and 8 in column 1 and sum, in absolute value, to less than 2^31. Otherwise
// construction throws Error.
class LineTable {
 public:
  LineTable() = default;
  LineTable(int m, const std::vector<Word>& column0, const std::vector<Word>& column1);  // 2^m cells each
  int m() const { return m_; }
  const Array<const std::uint8_t>& cells() const { return cells_; }  // as the kernels read them

 private:
  int m_ = 0;
  Array<const std::uint8_t> cells_;
};

// One column over Z_{2^m}, 10 <= m <= 16, of cells in [0, 2^16): 1/sqrt and 1/x by binade. A zero run at the domain's lower end, from
// cell 1 on, costs nothing. Cells outside: Error.
class CellTable {
 public:
  CellTable() = default;
  CellTable(int m, const std::vector<std::int32_t>& cells);  // 2^m cells
  int m() const { return m_; }
  // As the kernels read them: entry u holds cell -u mod 2^m, low bytes, then high bytes; zero outside [first, last).
  const Array<const std::uint8_t>& planes() const { return planes_; }
  std::uint32_t first() const { return first_; }
  std::uint32_t last() const { return last_; }

 private:
  int m_ = 0;
  std::uint32_t first_ = 0, last_ = 0;
  Array<const std::uint8_t> planes_;
};

// Two columns of the cells first .. first + count - 1, every other cell of the domain zero (exp); read at any m from 10 to 64.
// |cell| < 2^21 in both columns, 1 to kMaxWindow cells. Otherwise Error.
constexpr std::size_t kMaxWindow = 448;
class WindowTable {
 public:
  WindowTable() = default;
  WindowTable(int first, const std::vector<std::int32_t>& column0, const std::vector<std::int32_t>& column1);
  int first() const { return first_; }
  int count() const { return count_; }
  const Array<const std::int32_t>& cells() const { return cells_; }  // as the kernels read them: reversed, [2][512]

 private:
  int first_ = 0, count_ = 0;
  Array<const std::int32_t> cells_;
};

// z: n public positions, taken mod 2^m. Throws Error where extents or m do not fit together.
struct TwoColumns {
  Array<Word> a, b;  // this server's additive shares in Z_{2^64} of sign * column[z - alpha]
};
TwoColumns look_up(const LineTable& table, const DpfKeys& keys, const Array<Word>& z);
Array<Word> look_up(const CellTable& table, const DpfKeys& keys, const Array<Word>& z);
TwoColumns look_up(const WindowTable& table, const DpfKeys& keys, const Array<Word>& z);

// x: [queries][n], taken mod 2^m, query q of key i at q * n + i: this server's xor share, 0 or 1, of [alpha_i <= x], same layout.
Array<Word> prefix(const DpfKeys& keys, const Array<Word>& x);

// All 2^m bits, m <= 20, for tests: [2^m / 32][n] words, bit i of key j in word (i / 32) * n + j. m < 5 gives one word, its upper bits zero.
Array<std::uint32_t> expand(const DpfKeys& keys);

}  // namespace shardlm::crypto
