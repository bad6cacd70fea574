// ring_gemm as one Kokkos kernel for any execution space: what CUDA runs, and what host tests compare with the CPU kernels.
//
// A team computes one panel, 32 rows of weights, for kTokens tokens; a vector lane is a row, so that a warp reads 128 bytes of
// weights at once. The team's warps share the columns and add their sums at the end. Words of x stand in scratch memory, split as
// x = low + 2^32 high with a signed low half: a 32 x 32 -> 64 bit and a 32 x 32 -> 32 bit multiply-add make a product mod 2^64.
#pragma once

#include <algorithm>

#include "shardlm/core/ring_gemm.hpp"

namespace shardlm::detail {

struct HalfWords {
  std::int32_t low, high;
};

KOKKOS_INLINE_FUNCTION HalfWords halves(Word x) {
  const std::int32_t low = static_cast<std::int32_t>(static_cast<std::uint32_t>(x));
  return {low, static_cast<std::int32_t>(static_cast<std::uint32_t>((x - static_cast<Word>(static_cast<std::int64_t>(low))) >> 32))};
}

template <class ExecSpace, int kTokens>
struct PortableRingGemm {
  using Policy = Kokkos::TeamPolicy<ExecSpace>;
  using Team = typename Policy::member_type;
  static constexpr int kChunk = 128;  // columns of x in scratch memory at a time

  const std::int16_t* weights;
  const std::int8_t* exponents;
  const Word* x;
  Word* y;
  std::size_t rows, columns, tokens;
  int planes;

  KOKKOS_INLINE_FUNCTION std::size_t panels() const { return (rows + kPanel - 1) / kPanel; }

  static std::size_t scratch_bytes(int team_size) { return kTokens * (kChunk * sizeof(HalfWords) + team_size * kPanel * sizeof(Word)); }

  KOKKOS_INLINE_FUNCTION void operator()(const Team& team) const {
    const std::size_t panel = team.league_rank() % panels(), first_token = team.league_rank() / panels() * kTokens;
    auto* const words = static_cast<HalfWords*>(team.team_shmem().get_shmem(kTokens * kChunk * sizeof(HalfWords)));
    auto* const sums = static_cast<Word*>(team.team_shmem().get_shmem(team.team_size() * kTokens * kPanel * sizeof(Word)));
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, team.team_size() * kTokens * kPanel), [&](int i) { sums[i] = 0; });
    for (std::size_t from = 0; from < columns; from += kChunk) {
      load_words(team, first_token, from, words);
      team.team_barrier();
      for (int plane = 0; plane < planes; plane++)
        multiply_chunk(team, panel, plane, from, words, sums + team.team_rank() * kTokens * kPanel);
      team.team_barrier();
    }
    store_sums(team, panel, first_token, sums);
  }

  // Past the last column stands 0, past the last token a copy of it, which is not stored.
  KOKKOS_INLINE_FUNCTION void load_words(const Team& team, std::size_t first_token, std::size_t from, HalfWords* words) const {
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, kTokens * kChunk), [&](int i) {
      const std::size_t column = from + i % kChunk, token = first_token + i / kChunk < tokens ? first_token + i / kChunk : tokens - 1;
      words[i] = halves(column < columns ? x[token * columns + column] : 0);
    });
  }

  KOKKOS_INLINE_FUNCTION void multiply_chunk(const Team& team, std::size_t panel, int plane, std::size_t from, const HalfWords* words,
                                             Word* sums) const {
    const std::size_t padded = (columns + 1) / 2 * 2, left = padded - from;
    const int pairs = static_cast<int>((left < kChunk ? left : kChunk) / 2), first = team.team_rank(), step = team.team_size();
    const std::int16_t* chunk = weights + ((plane * panels() + panel) * padded + from) * kPanel;
    Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, kPanel), [&](int lane) {
      Word low[kTokens] = {};
      std::uint32_t high[kTokens] = {};
      for (int k = first; k < pairs; k += step) {
        const std::int16_t* pair = chunk + (k * kPanel + lane) * 2;
        const std::int32_t even = pair[0], odd = pair[1];
        for (int t = 0; t < kTokens; t++) {
          const HalfWords a = words[t * kChunk + 2 * k], b = words[t * kChunk + 2 * k + 1];
          low[t] += static_cast<Word>(static_cast<std::int64_t>(a.low) * even);
          low[t] += static_cast<Word>(static_cast<std::int64_t>(b.low) * odd);
          high[t] += static_cast<std::uint32_t>(a.high) * static_cast<std::uint32_t>(even);
          high[t] += static_cast<std::uint32_t>(b.high) * static_cast<std::uint32_t>(odd);
        }
      }
      for (int t = 0; t < kTokens; t++) sums[t * kPanel + lane] += (low[t] + (static_cast<Word>(high[t]) << 32)) << (16 * plane);
    });
  }

  KOKKOS_INLINE_FUNCTION void store_sums(const Team& team, std::size_t panel, std::size_t first_token, const Word* sums) const {
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, kTokens * kPanel), [&](int i) {
      const std::size_t token = first_token + i / kPanel, row = panel * kPanel + i % kPanel;
      Word sum = 0;
      for (int r = 0; r < team.team_size(); r++) sum += sums[r * kTokens * kPanel + i];
      if (token < tokens && row < rows) y[token * rows + row] = sum << exponents[row];
    });
  }
};

template <class ExecSpace, int kTokens>
void ring_gemm_portable(const PackedRows& w, const Word* x, std::size_t tokens, Word* y, int team_size) {
  using Kernel = PortableRingGemm<ExecSpace, kTokens>;
  const Kernel kernel{w.weights, w.exponents, x, y, w.rows, w.columns, tokens, w.planes};
  const std::size_t teams = kernel.panels() * ((tokens + kTokens - 1) / kTokens);
  typename Kernel::Policy policy(static_cast<int>(teams), team_size, kPanel);
  // Each allocation from scratch memory may be rounded up to its alignment.
  policy.set_scratch_size(0, Kokkos::PerTeam(static_cast<int>(Kernel::scratch_bytes(team_size) + 64)));
  Kokkos::parallel_for("ring_gemm", policy, kernel);
}

}  // namespace shardlm::detail
