// The CPU kernels of weighted_rows, one table an instruction set. Included by files compiled for machines that the host may not be, so
// plain data only.
#pragma once

#include "dpf_rows_tree.hpp"

namespace shardlm::crypto {

constexpr int kChunkHeight = 7;                          // of the subtree that is expanded at a time: 2^7 leaves,
constexpr size_t kChunkRows = size_t{8} << kChunkHeight;  // 1024 rows
constexpr size_t kWeightPitch = kChunkRows + 8;          // from token to token; a power of two would put all tokens into one set of the cache
constexpr size_t kBlockRows = 32;                        // rows of the table that are multiplied at a time: they stay in the second-level cache
constexpr size_t kMostLanes = 16;

// 2^levels nodes as they lie side by side: 4 rows of seed words, one of control bits (as masks), each with room behind it for whole vectors.
constexpr size_t kNodeRows = 5;
SHARDLM_LANES size_t node_pitch(int levels) { return (size_t{1} << levels) + kMostLanes; }

// kBlockRows rows of the table, times their words of some tokens.
struct RowBlock {
  const uint8_t* table;     // the first row
  size_t stride, columns;   // bytes from row to row; columns to be read, whole groups
  int scale;
  size_t tokens;
  const uint64_t* weights;  // [tokens][kWeightPitch]
  uint64_t* sums;           // [tokens][pitch]
  size_t pitch;
};

struct RowKernels {
  size_t lanes;  // columns lie in groups of 2 lanes; a group of 16-bit numbers has its even columns in the first half of its sums
  // 2^levels nodes below the one at [0], which is at level `level`, take its place. Node i's path is i's bits, the lowest first.
  void (*grow)(const RowBatch& batch, size_t token, int level, int levels, uint32_t* nodes, size_t pitch);
  // The words, without the sign, of the 2^height leaves whose nodes these are; leaves in their order, 8 words each.
  void (*leaves)(const RowBatch& batch, size_t token, int height, const uint32_t* nodes, size_t pitch, uint64_t* words);
  // sums += weights times numbers; by RowFormat.
  void (*multiply[3])(const RowBlock& block);
};

extern const RowKernels row_kernels_baseline, row_kernels_avx2, row_kernels_avx512;

}  // namespace shardlm::crypto
