// The kernels for one instruction set, behind entry points that carry its name.
#include "descend.hpp"
#include "generate.hpp"
#include "look_up_cells.hpp"
#include "look_up_line.hpp"
#include "stream_blocks.hpp"
#include "vector_lanes.hpp"
#include "vector_sums.hpp"

#define SHARDLM_JOIN2(a, b) a##b
#define SHARDLM_JOIN(a, b) SHARDLM_JOIN2(a, b)
#define SHARDLM_RUN SHARDLM_JOIN(run_, SHARDLM_ISA_TAG)

namespace shardlm::crypto {
namespace {

using Lanes = SHARDLM_ISA_TAG::VectorLanes;

template <class Job>
SHARDLM_LANES void run_tiles(const Job& job, size_t begin, size_t end) {
  for (size_t tile = begin; tile < end; ++tile)
    for (int lane = 0; lane < kTileLanes; lane += Lanes::width) run<Lanes>(job, tile, lane);
}

}  // namespace

void SHARDLM_RUN(const StreamJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }
void SHARDLM_RUN(const WeightJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }
void SHARDLM_RUN(const GenerateJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }
void SHARDLM_RUN(const LineJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }
void SHARDLM_RUN(const CellJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }
void SHARDLM_RUN(const WindowJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }
void SHARDLM_RUN(const PrefixJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }
void SHARDLM_RUN(const ExpandJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }
void SHARDLM_RUN(const BlocksJob& job, size_t begin, size_t end) { run_tiles(job, begin, end); }

}  // namespace shardlm::crypto
