// Gen of Boyle, Gilboa, Ishai, CCS'16, figure 1: down both servers' trees along alpha. alpha is secret: every choice by its bits is a mask.
#include "dpf_rows_keys.hpp"

#include "dpf_rows_tree.hpp"

#include "shardlm/core/error.hpp"

#include <string>

namespace shardlm::crypto {
namespace {

using L = ScalarLanes;
using Tree = RowTree<L>;

static_assert(kMostRowDepth == row_depth(kMostRowBits), "depth of the largest domain");

// Both servers' nodes on the path, and what they expand to; wiped at the end of a key.
struct Path {
  Node<L> node[2];
  std::uint32_t block[2][16];
};

void put(std::uint8_t*& to, std::uint32_t word) {
  for (int i = 0; i < 4; ++i) *to++ = static_cast<std::uint8_t>(word >> (8 * i));
}

// One level down; writes the seed correction and returns the control corrections, left one in bit 0.
std::uint32_t go_down(const Tree& tree, int level, std::uint32_t right, Path& path, std::uint8_t*& out) {
  std::uint32_t t[2][2];  // [server][side]
  for (int b : {0, 1}) {
    tree.block(path.node[b].seed, kRowNodeBlock, level, path.block[b]);
    for (int side : {0, 1}) t[b][side] = -(path.block[b][8 + side] & 1);
  }
  const std::uint32_t control[2] = {t[0][0] ^ t[1][0] ^ ~right, t[0][1] ^ t[1][1] ^ right};
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t lose = L::select(right, path.block[0][i] ^ path.block[1][i], path.block[0][4 + i] ^ path.block[1][4 + i]);
    for (int b : {0, 1}) path.node[b].seed[i] = L::select(right, path.block[b][4 + i], path.block[b][i]) ^ (lose & path.node[b].t);
    put(out, lose);
  }
  for (int b : {0, 1}) path.node[b].t = L::select(right, t[b][1], t[b][0]) ^ (path.node[b].t & L::select(right, control[1], control[0]));
  return (control[0] & 1) | (control[1] & 2);
}

void put_leaf(const Tree& tree, std::uint32_t at, Path& path, std::uint8_t*& out) {
  for (int b : {0, 1}) tree.leaf(path.node[b], path.block[b]);
  const std::uint64_t minus = 0 - std::uint64_t{path.node[1].t & 1};
  for (std::uint32_t j = 0; j < 8; ++j) {
    const std::uint64_t one = L::equal(at, j) & 1;
    const std::uint64_t correction = ((one - word64(path.block[0], j) + word64(path.block[1], j)) ^ minus) - minus;
    put(out, static_cast<std::uint32_t>(correction));
    put(out, static_cast<std::uint32_t>(correction >> 32));
  }
}

// The corrections of one key, which both servers receive.
void put_corrections(const Tree& tree, int m, std::uint32_t alpha, const RowRoots& roots, std::uint8_t* out) {
  Path path;
  const WipeAtEnd<Path> wiping(path);
  for (int b : {0, 1}) {
    for (int i = 0; i < 4; ++i) path.node[b].seed[i] = roots[4 * b + i];
    path.node[b].t = 0u - static_cast<std::uint32_t>(b);
  }
  std::uint64_t controls = 0;
  for (int level = 0; level < tree.depth; ++level)
    controls |= std::uint64_t{go_down(tree, level, 0u - (alpha >> (m - 1 - level) & 1), path, out)} << (2 * level);
  for (std::size_t i = 0; i < row_control_bytes(m); ++i) *out++ = static_cast<std::uint8_t>(controls >> (8 * i));
  put_leaf(tree, alpha & 7, path, out);
}

}  // namespace

RowKeys row_keys_from(int m, const std::vector<std::uint32_t>& rows, const Salt& salt, const RowRoots* roots) {
  RowBatch names{};
  names.depth = row_depth(m);
  for (int i = 0; i < 4; ++i) names.salt[i] = salt[i];
  RowKeys keys;
  std::uint8_t* at[2];
  for (int b : {0, 1}) {
    keys.server[b].resize(row_key_bytes(m, rows.size()));
    at[b] = keys.server[b].data();
    for (std::uint32_t word : salt) put(at[b], word);
  }
  for (std::size_t k = 0; k < rows.size(); ++k) {
    for (int b : {0, 1})
      for (int i = 0; i < 4; ++i) put(at[b], roots[k][4 * b + i]);
    const std::size_t rest = one_row_key_bytes(m) - 16;
    put_corrections(Tree(names, k), m, rows[k], roots[k], at[0]);
    std::memcpy(at[1], at[0], rest);
    for (int b : {0, 1}) at[b] += rest;
  }
  return keys;
}

RowKeys make_row_keys(int m, const std::vector<std::uint32_t>& rows) {
  if (m < kRowLeafBits || m > kMostRowBits)
    throw Error("row keys over " + std::to_string(m) + " bits were asked for; " + std::to_string(kRowLeafBits) + " to " + std::to_string(kMostRowBits) +
                " are possible");
  for (std::size_t k = 0; k < rows.size(); ++k)
    if (rows[k] >> m != 0) throw Error("of the rows to be read, number " + std::to_string(k) + " is not below 2^" + std::to_string(m));
  std::vector<RowRoots> roots(rows.size());
  if (!rows.empty()) random_bytes(roots.data(), roots.size() * sizeof(RowRoots));
  RowKeys keys = row_keys_from(m, rows, random_salt(), roots.data());
  if (!rows.empty()) wipe(roots.data(), roots.size() * sizeof(RowRoots));
  return keys;
}

}  // namespace shardlm::crypto
