// word_gemm as one Kokkos kernel for any execution space: what CUDA runs, and what host tests compare with the CPU kernels.
//
// A team computes four panels, 32 rows, for kTokens tokens; a vector lane is a row. The team's warps share the columns and add
// their sums at the end.
#pragma once

#include "shardlm/core/types.hpp"
#include "shardlm/core/word_panels.hpp"

namespace shardlm::detail {

template <class ExecSpace, int kTokens>
struct PortableWordGemm {
  using Policy = Kokkos::TeamPolicy<ExecSpace>;
  using Team = typename Policy::member_type;
  static constexpr int kLanes = 32;
  static constexpr int kChunk = 128;  // columns of x in scratch memory at a time

  const Word* weights;  // [panels][columns][8], of rows first_row ..
  const Word* x;
  Word* y;
  std::size_t rows, first_row, all_rows, columns, tokens;

  KOKKOS_INLINE_FUNCTION std::size_t row_groups() const { return (rows + kLanes - 1) / kLanes; }
  static std::size_t scratch_bytes(int team_size) { return kTokens * (kChunk + team_size * kLanes) * sizeof(Word); }

  KOKKOS_INLINE_FUNCTION void operator()(const Team& team) const {
    const std::size_t group = team.league_rank() % row_groups(), token = team.league_rank() / row_groups() * kTokens;
    auto* const words = static_cast<Word*>(team.team_shmem().get_shmem(kTokens * kChunk * sizeof(Word)));
    auto* const sums = static_cast<Word*>(team.team_shmem().get_shmem(team.team_size() * kTokens * kLanes * sizeof(Word)));
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, team.team_size() * kTokens * kLanes), [&](int i) { sums[i] = 0; });
    for (std::size_t from = 0; from < columns; from += kChunk) {
      // Past the last token stands a copy of it, which is not stored.
      Kokkos::parallel_for(Kokkos::TeamVectorRange(team, kTokens * kChunk), [&](int i) {
        const std::size_t column = from + i % kChunk, t = token + i / kChunk < tokens ? token + i / kChunk : tokens - 1;
        words[i] = column < columns ? x[t * columns + column] : 0;
      });
      team.team_barrier();
      multiply_chunk(team, group, from, words, sums + team.team_rank() * kTokens * kLanes);
      team.team_barrier();
    }
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, kTokens * kLanes), [&](int i) {
      const std::size_t t = token + i / kLanes, row = group * kLanes + i % kLanes;
      Word sum = 0;
      for (int r = 0; r < team.team_size(); r++) sum += sums[r * kTokens * kLanes + i];
      if (t < tokens && row < rows) y[t * all_rows + first_row + row] = sum;
    });
  }

  KOKKOS_INLINE_FUNCTION void multiply_chunk(const Team& team, std::size_t group, std::size_t from, const Word* words, Word* sums) const {
    const int count = static_cast<int>(columns - from < kChunk ? columns - from : kChunk), first = team.team_rank(), step = team.team_size();
    Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, kLanes), [&](int lane) {
      const std::size_t row = group * kLanes + lane;
      if (row >= (rows + kWordPanel - 1) / kWordPanel * kWordPanel) return;
      const Word* w = weights + word_index(row, from, columns);
      Word sum[kTokens] = {};
      for (int k = first; k < count; k += step) {
        const Word weight = w[k * kWordPanel];
        for (int t = 0; t < kTokens; t++) sum[t] += weight * words[t * kChunk + k];
      }
      for (int t = 0; t < kTokens; t++) sums[t * kLanes + lane] += sum[t];
    });
  }
};

// Rows first_row .. first_row + rows - 1 of y [tokens][all_rows].
template <class ExecSpace, int kTokens>
void word_gemm_portable(const Word* weights, std::size_t rows, std::size_t first_row, std::size_t all_rows, std::size_t columns, const Word* x,
                        std::size_t tokens, Word* y, int team_size) {
  using Kernel = PortableWordGemm<ExecSpace, kTokens>;
  const Kernel kernel{weights, x, y, rows, first_row, all_rows, columns, tokens};
  const std::size_t teams = kernel.row_groups() * ((tokens + kTokens - 1) / kTokens);
  typename Kernel::Policy policy(static_cast<int>(teams), team_size, Kernel::kLanes);
  policy.set_scratch_size(0, Kokkos::PerTeam(static_cast<int>(Kernel::scratch_bytes(team_size) + 64)));
  Kokkos::parallel_for("word_gemm", policy, kernel);
}

}  // namespace shardlm::detail
