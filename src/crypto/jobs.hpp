// What the kernels are given: plain structs of raw pointers, copied to the device as they are.
// run<L>(job, tile, lane) does the L::width keys (or stream blocks) of a tile from lane on.
#pragma once

#include "lanes.hpp"

namespace shardlm::crypto {

// Blocks of a Stream's draw: 16 a tile. form: what becomes of the 512 bits of a block.
struct StreamJob {
  enum Form : int { words, bits, raw };
  uint32_t key[8];
  uint64_t draw;
  uint64_t keep;      // words: the mask of k ones
  Form form;
  size_t n;           // words, bits or 32-bit words wanted
  uint64_t* out;      // words, bits
  uint32_t* out32;    // raw
};

// Blocks of many draws, a draw a panel of a matrix of words (core/word_panels.hpp): block `column` of draw (matrix, panel). 16 columns of
// a panel a tile.
struct WeightJob {
  uint32_t key[8];
  uint32_t matrix;
  size_t columns;        // wanted of a panel
  size_t tiles_a_panel;  // for these
  size_t first_panel, first_column;  // where the tiles begin; first_column is a multiple of 16
  uint64_t* out;                     // [panel - first_panel][column - first_column][8]
};

// Which ChaCha blocks a batch uses: see dpf.hpp.
struct BlockNames {
  uint32_t salt[4];
  uint64_t serial;
};

// A DpfKeys.
struct KeyBatch {
  int m, depth;
  uint32_t party;
  size_t n;
  BlockNames names;
  const uint32_t* roots;        // [tiles][4][16]
  const uint32_t* corrections;  // [tiles][4 depth + 16][16]: seeds level by level, then the leaf
  const uint32_t* controls;     // [tiles][depth]: left bits in the low half, right bits in the high half
};

struct GenerateJob {
  int m, depth;
  size_t n;
  BlockNames names;
  const uint32_t* roots[2];
  const uint64_t* alpha;
  uint32_t* corrections;
  uint32_t* controls;           // zero at the start
  uint64_t* signs;
};

// A LineTable as its kernel reads it. Column c of cell j is
//   offset[c] + slope[c] j + deviation   for 0 <= j < 2^(m-1),   deviation   for -2^(m-1) <= j < 0,
// and deviations are zero outside [-256, 256). They lie reversed, entry u for cell 255 - u, because the u-th bit of the window
// meets that cell; as signed bytes, three limbs of column 0 and one of column 1, and once more as integers.
struct LineCells {
  static constexpr int kWindow = 512, kLimbs = 4;
  int8_t limbs[kLimbs][kWindow];
  int32_t deviation[2][kWindow];
  uint64_t slope[2], offset[2];
};

struct LineJob {
  KeyBatch keys;
  const LineCells* table;
  const uint64_t* z;
  uint64_t *a, *b;
};

// A CellTable, reversed: entry u holds cell -u mod 2^m as low and high byte planes.
struct CellJob {
  KeyBatch keys;
  const uint8_t *low, *high;  // [2^m] each
  uint32_t first, last;       // entries outside are zero; multiples of 64
  const uint64_t* z;
  uint64_t* out;
};

// A WindowTable, reversed: entry u holds cell first + count - 1 - u, zero from count to 512.
struct WindowJob {
  KeyBatch keys;
  const int32_t* cells;       // [2][512]
  int32_t first, count;
  const uint64_t* z;
  uint64_t *a, *b;
};

struct PrefixJob {
  KeyBatch keys;
  size_t queries;
  const uint64_t* x;          // [queries][n]
  uint64_t* out;
};

struct ExpandJob {
  KeyBatch keys;
  uint32_t* out;              // [2^m / 32][n]
};

// ChaCha and nothing else, 16 chains of kChain blocks a tile: what the other kernels are measured against.
struct BlocksJob {
  uint32_t* out;              // [tiles]
};

}  // namespace shardlm::crypto
