// weighted_rows as Kokkos kernels for any execution space: what CUDA runs, and what host tests compare with the CPU kernels.
#pragma once

#include "dpf_rows_tree.hpp"

#include "shardlm/crypto/dpf_rows.hpp"

#include <cmath>
#include <cstring>

namespace shardlm::crypto {

// A RowTable as kernels see it.
struct RowNumbers {
  RowFormat format;
  const std::uint8_t* bytes;
  std::size_t rows, columns;
};

KOKKOS_INLINE_FUNCTION float float_from_bits(std::uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}

// One number of a table, times 2^scale, to the nearest integer, ties to even. one: 2^scale.
KOKKOS_INLINE_FUNCTION Word row_number(const RowNumbers& table, std::size_t i, float one) {
  float x;
  if (table.format == RowFormat::f32) {
    x = reinterpret_cast<const float*>(table.bytes)[i];
  } else {
    const std::uint32_t half = reinterpret_cast<const std::uint16_t*>(table.bytes)[i];
    // binary16: exponent and fraction move into place; the product with 2^112 mends the bias, also of subnormals.
    x = table.format == RowFormat::bf16 ? float_from_bits(half << 16) : float_from_bits((half & 0x7FFFu) << 13 | (half & 0x8000u) << 16) * 0x1p112f;
  }
  return static_cast<Word>(static_cast<std::int64_t>(llrintf(x * one)));
}

// A thread a leaf of a token: from the root down to its 8 words.
struct ExpandRows {
  RowBatch batch;
  Word* words;  // [leaves][8][tokens]

  KOKKOS_INLINE_FUNCTION void operator()(const std::size_t i) const {
    const std::size_t token = i % batch.tokens, leaf = i / batch.tokens;
    const RowTree<ScalarLanes> tree(batch, token);
    Node<ScalarLanes> node = tree.root(), left, right;
    for (int level = 0; level < batch.depth; ++level) {
      tree.children(node, level, left, right);
      node = leaf >> (batch.depth - 1 - level) & 1 ? right : left;
    }
    std::uint32_t block[16];
    tree.leaf(node, block);
    const Word t = 0 - Word{node.t & 1}, minus = 0 - Word{batch.party};
    for (int j = 0; j < 8; ++j)
      words[(8 * leaf + j) * batch.tokens + token] = ((word64(block, j) + (tree.leaf_correction(j) & t)) ^ minus) - minus;
  }
};

// A thread a column of a slab of rows, for kTokens tokens.
struct MultiplyRows {
  static constexpr int kTokens = 8;
  static constexpr std::size_t kSlab = 512;
  RowNumbers table;
  std::size_t tokens;
  float one;          // 2^scale
  const Word* words;  // [rows][tokens]
  Word* out;          // [tokens][columns]

  KOKKOS_INLINE_FUNCTION std::size_t slabs() const { return (table.rows + kSlab - 1) / kSlab; }
  KOKKOS_INLINE_FUNCTION std::size_t threads() const { return (tokens + kTokens - 1) / kTokens * slabs() * table.columns; }
  KOKKOS_INLINE_FUNCTION void operator()(const std::size_t i) const {
    const std::size_t column = i % table.columns, slab = i / table.columns % slabs(), token = i / table.columns / slabs() * kTokens;
    const int some = static_cast<int>(tokens - token < kTokens ? tokens - token : kTokens);
    const std::size_t end = (slab + 1) * kSlab < table.rows ? (slab + 1) * kSlab : table.rows;
    Word sum[kTokens] = {};
    for (std::size_t row = slab * kSlab; row < end; ++row) {
      const Word number = row_number(table, row * table.columns + column, one);
      const Word* word = words + row * tokens + token;
      for (int t = 0; t < kTokens; ++t)
        if (t < some) sum[t] += number * word[t];
    }
    for (int t = 0; t < kTokens; ++t)
      if (t < some) Kokkos::atomic_add(&out[(token + t) * table.columns + column], sum[t]);
  }
};

// The table's bytes, batch.keys and out in the space's memory; out zero at the start.
template <class ExecSpace>
void weighted_rows_portable(const RowNumbers& table, const RowBatch& batch, int scale, Word* out, const std::function<void()>& between = {}) {
  using Range = Kokkos::RangePolicy<ExecSpace, Kokkos::IndexType<std::size_t>>;
  constexpr std::size_t kWords = std::size_t{8} << 20;  // of expanded keys at a time: 64 MiB
  const std::size_t leaves = (table.rows + 7) / 8, step = kWords / (8 * leaves) < 1 ? 1 : kWords / (8 * leaves);
  for (std::size_t first = 0; first < batch.tokens; first += step) {
    RowBatch some = batch;
    some.tokens = batch.tokens - first < step ? batch.tokens - first : step;
    some.keys += first * batch.pitch;
    some.first_serial += static_cast<std::uint32_t>(first);
    const Kokkos::View<Word*, typename ExecSpace::memory_space> words(Kokkos::view_alloc(std::string("words of rows"), Kokkos::WithoutInitializing),
                                                                      8 * leaves * some.tokens);
    const MultiplyRows product{table, some.tokens, std::ldexp(1.0f, scale), words.data(), out + first * table.columns};
    Kokkos::parallel_for("shardlm::crypto::expand_rows", Range(0, leaves * some.tokens), ExpandRows{some, words.data()});
    Kokkos::parallel_for("shardlm::crypto::multiply_rows", Range(0, product.threads()), product);
    ExecSpace().fence();  // the words are freed here
    if (between) between();
  }
}

}  // namespace shardlm::crypto
