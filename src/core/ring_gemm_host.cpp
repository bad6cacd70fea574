#include "ring_gemm_host.hpp"

#include <algorithm>

#include "shardlm/core/types.hpp"

namespace shardlm::detail {
namespace {

// Shorter blocks than this in four limbs cost more carries than a fifth limb costs products.
constexpr int kShortestFourBlock = 8;

// Tokens of one task: their limbs (7 KiB each at 896 columns) stay in the second-level cache over all panels.
constexpr std::size_t kTaskTokens = 96;
constexpr std::size_t kTasksPerThread = 4;

using HostRange = Kokkos::RangePolicy<HostExec, Kokkos::IndexType<std::int64_t>>;
using Limbs = HostArray<std::uint32_t>;

std::size_t panels_of(const PackedRows& w) { return padded_rows(w.rows) / kPanel; }
std::size_t pairs_of(const PackedRows& w) { return padded_columns(w.columns) / 2; }

const std::int16_t* panel_weights(const PackedRows& w, std::size_t plane, std::size_t panel) {
  return w.weights + plane * plane_words(w.rows, w.columns) + panel * kPanel * padded_columns(w.columns);
}

int longest_block(const std::int32_t (&largest)[kLevels], std::int32_t limit) {
  int level = 0;
  while (level + 1 < kLevels && largest[level + 1] <= limit) level++;
  return largest[level] <= limit ? kFirstBlock << level : 0;
}

Limbs split_words(const RingGemmKernels& kernels, int split, const Word* x, std::size_t tokens, std::size_t columns) {
  constexpr std::size_t kPiece = 2048;  // words a thread takes at a time, even
  const std::size_t row = padded_columns(columns) / 2 * kLimbs[split], pieces = (columns + kPiece - 1) / kPiece;
  Limbs limbs(Kokkos::view_alloc(std::string("limbs"), Kokkos::WithoutInitializing), tokens * row);
  std::uint32_t* out = limbs.data();
  const auto piece = kernels.split[split];
  Kokkos::parallel_for("ring_gemm split", HostRange(0, tokens * pieces), [=](std::int64_t i) {
    const std::size_t token = i / pieces, from = i % pieces * kPiece;
    piece(x + token * columns + from, std::min(kPiece, columns - from), out + token * row + from / 2 * kLimbs[split]);
  });
  return limbs;
}

}  // namespace

PanelPlan choose_plan(const std::int32_t (&largest)[kLevels]) {
  const int four = longest_block(largest, kFourLimit);
  return four >= kShortestFourBlock ? PanelPlan{0, four} : PanelPlan{1, longest_block(largest, kFiveLimit)};
}

const std::vector<PanelPlan>& RingGemmPlans::get(const RingGemmKernels& kernels, const PackedRows& w) {
  std::call_once(once_, [&] {
    const std::size_t panels = panels_of(w), pairs = pairs_of(w);
    plans_.resize(w.planes * panels);
    PanelPlan* plans = plans_.data();
    const auto block_sums = kernels.block_sums;
    Kokkos::parallel_for("ring_gemm plan", HostRange(0, w.planes * panels), [=](std::int64_t i) {
      std::int32_t largest[kLevels];
      block_sums(panel_weights(w, i / panels, i % panels), pairs, largest);
      plans[i] = choose_plan(largest);
    });
    HostExec().fence();
  });
  return plans_;
}

const RingGemmKernels& ring_gemm_kernels(Isa isa) {
  return isa == Isa::avx512 ? ring_gemm_avx512 : isa == Isa::avx2 ? ring_gemm_avx2 : ring_gemm_baseline;
}

void ring_gemm_host(const RingGemmKernels& kernels, const PackedRows& w, const std::vector<PanelPlan>& plans, const Word* x,
                    std::size_t tokens, Word* y) {
  Limbs limbs[kSplits];
  const std::uint32_t* limb_data[kSplits] = {};
  for (int split = 0; split < kSplits; split++)
    if (std::any_of(plans.begin(), plans.end(), [=](const PanelPlan& p) { return p.split == split; })) {
      limbs[split] = split_words(kernels, split, x, tokens, w.columns);
      limb_data[split] = limbs[split].data();
    }

  const std::size_t panels = panels_of(w), pairs = pairs_of(w);
  const std::size_t wanted = (kTasksPerThread * HostExec().concurrency() + panels - 1) / panels;
  const std::size_t pieces = std::min(tokens, std::max((tokens + kTaskTokens - 1) / kTaskTokens, wanted));
  const PanelPlan* plan = plans.data();
  const RingGemmKernels* table = &kernels;
  const std::uint32_t *four = limb_data[0], *five = limb_data[1];
  Kokkos::parallel_for("ring_gemm", HostRange(0, pieces * panels), [=](std::int64_t i) {
    const std::size_t piece = i / panels, panel = i % panels, first_row = panel * kPanel;
    const std::size_t token = tokens * piece / pieces, last = tokens * (piece + 1) / pieces;
    std::uint8_t shifts[kPanel] = {};
    RingGemmPanel task;
    task.rows = static_cast<int>(std::min<std::size_t>(kPanel, w.rows - first_row));
    task.pairs = pairs;
    task.tokens = last - token;
    task.y = y + token * w.rows + first_row;
    task.y_stride = w.rows;
    task.shifts = shifts;
    for (int plane = 0; plane < w.planes; plane++) {
      const PanelPlan& p = plan[plane * panels + panel];
      for (int r = 0; r < task.rows; r++) shifts[r] = static_cast<std::uint8_t>(w.exponents[first_row + r] + 16 * plane);
      task.weights = panel_weights(w, plane, panel);
      task.limbs = (p.split == 0 ? four : five) + token * pairs * kLimbs[p.split];
      task.block = p.block;
      task.add = plane > 0;
      table->multiply[p.split](task);
    }
  });
  HostExec().fence();
}

}  // namespace shardlm::detail
