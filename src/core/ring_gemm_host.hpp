// ring_gemm on CPU: which kernel a panel takes, and how the work is spread over threads.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "ring_gemm_kernels.hpp"
#include "shardlm/core/isa.hpp"
#include "shardlm/core/ring_gemm.hpp"

namespace shardlm::detail {

// How one panel of one plane is multiplied without overflow: in four limbs where its weights are small enough, else in five.
struct PanelPlan {
  std::uint8_t split;  // index into kLimbs
  std::int32_t block;  // pairs of columns between two carries
};

PanelPlan choose_plan(const std::int32_t (&largest)[kLevels]);

// The plans of all panels, [planes][panels]: made by reading every weight once, when the matrix is first multiplied. (Not when it
// is opened: a mapped model would be read from disk whole before the first token.)
class RingGemmPlans {
 public:
  const std::vector<PanelPlan>& get(const RingGemmKernels& kernels, const PackedRows& w);

 private:
  std::once_flag once_;
  std::vector<PanelPlan> plans_;
};

const RingGemmKernels& ring_gemm_kernels(Isa isa);

void ring_gemm_host(const RingGemmKernels& kernels, const PackedRows& w, const std::vector<PanelPlan>& plans, const Word* x,
                    std::size_t tokens, Word* y);

}  // namespace shardlm::detail
