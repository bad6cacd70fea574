// The CPU kernels of ring_gemm, compiled once an instruction set; ring_gemm_kernels.hpp says how the arithmetic works.
#include "ring_gemm_kernels.hpp"
#include "ring_gemm_lanes.hpp"

#define UNROLL _Pragma("GCC unroll 16")

namespace {

using shardlm::detail::kFirstBlock;
using shardlm::detail::kLevels;
using shardlm::detail::kLongestBlock;
using shardlm::detail::RingGemmPanel;

constexpr int kPanel = 32;       // rows of weights side by side
constexpr int kGroups = 2;       // vectors of rows that are summed together
constexpr int kPrefetch = 4096;  // bytes ahead: with one token, weights come from memory and are used once

struct Four {
  static constexpr int kCount = 4;
  static constexpr int kOffset[kCount + 1] = {0, 16, 32, 48, 64};
  static constexpr int kRows = kRowsAtOnce;
};

struct Five {
  static constexpr int kCount = 5;
  static constexpr int kOffset[kCount + 1] = {0, 11, 22, 32, 48, 64};
  static constexpr int kRows = kRowsAtOnce > 2 ? 2 : kRowsAtOnce;
};

template <class Split>
constexpr int width(int limb) {
  return Split::kOffset[limb + 1] - Split::kOffset[limb];
}

// Adding half of each limb's range first turns the signed limbs into plain bit fields: limb = field - half. The top limb takes
// the last carry and needs no half, being read mod 2^16.
template <class Split>
constexpr uint32_t half(int limb) {
  return limb + 1 < Split::kCount ? 1u << (width<Split>(limb) - 1) : 0;
}

// Limb l of two words as one 32-bit number, the even word's half low, at the vector's low end.
template <class Split>
inline __m128i limb_pair(__m128i words, int l) {
  const __m128i field = _mm_and_si128(_mm_srli_epi64(words, Split::kOffset[l]), _mm_set1_epi64x((1 << width<Split>(l)) - 1));
  return _mm_sub_epi16(_mm_or_si128(field, _mm_srli_si128(field, 6)), _mm_set1_epi16(static_cast<int16_t>(half<Split>(l))));
}

template <class Split>
void split(const uint64_t* x, int64_t columns, uint32_t* limbs) {
  uint64_t halves = 0;
  for (int l = 0; l < Split::kCount; l++) halves += static_cast<uint64_t>(half<Split>(l)) << Split::kOffset[l];
  for (int64_t k = 0; k < columns; k += 2, limbs += Split::kCount) {
    const __m128i pair =
        k + 1 < columns ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + k)) : _mm_set_epi64x(0, static_cast<long long>(x[k]));
    const __m128i words = _mm_add_epi64(pair, _mm_set1_epi64x(static_cast<long long>(halves)));
    const __m128i low = _mm_unpacklo_epi32(limb_pair<Split>(words, 0), limb_pair<Split>(words, 1));
    const __m128i high = _mm_unpacklo_epi32(limb_pair<Split>(words, 2), limb_pair<Split>(words, 3));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(limbs), _mm_unpacklo_epi64(low, high));
    if (Split::kCount == 5) limbs[4] = static_cast<uint32_t>(_mm_cvtsi128_si32(limb_pair<Split>(words, 4)));
  }
}

// What the limbs below 32 bits hold above their width goes to the next limb: sums stay inside int32, the total is unchanged.
template <class Split>
inline void carry(Lanes (&sum)[Split::kCount]) {
  UNROLL for (int l = 0; Split::kOffset[l] < 32; l++) {
    sum[l + 1] = add(sum[l + 1], shift_right(sum[l], width<Split>(l)));
    sum[l] = bit_and(sum[l], fill((1 << width<Split>(l)) - 1));
  }
}

// A pair of columns of a panel is two cache lines.
inline void prefetch_pair(const int16_t* weights) {
  const char* ahead = reinterpret_cast<const char*>(weights) + kPrefetch;
  _mm_prefetch(ahead, _MM_HINT_T0);
  _mm_prefetch(ahead + 64, _MM_HINT_T0);
}

template <class Split, int Rows>
struct Tile {
  int32_t sum[Rows][Split::kCount][kPanel];
};

// tile = the limbs' products with kGroups vectors of rows (from group), summed over a pass's pairs.
template <class Split, int Rows>
inline void multiply_groups(const RingGemmPanel& p, const int16_t* weights, const uint32_t* limbs, int pairs, int group,
                            Tile<Split, Rows>& tile) {
  constexpr int kCount = Split::kCount;
  Lanes sum[Rows][kGroups][kCount];
  const uint32_t* x[Rows];
  UNROLL for (int r = 0; r < Rows; r++) {
    x[r] = limbs + r * p.pairs * kCount;
    UNROLL for (int g = 0; g < kGroups; g++) { UNROLL for (int l = 0; l < kCount; l++) sum[r][g][l] = zero(); }
  }
  for (int done = 0; done < pairs;) {
    const int stop = done + p.block < pairs ? done + p.block : pairs;
    for (; done < stop; done++, weights += 2 * kPanel) {
      if (Rows == 1 && group == 0) prefetch_pair(weights);
      Lanes pair[kGroups];
      UNROLL for (int g = 0; g < kGroups; g++) pair[g] = load(weights + (group + g) * 2 * kLanes);
      UNROLL for (int r = 0; r < Rows; r++) {
        UNROLL for (int l = 0; l < kCount; l++) {
          const Lanes limb = fill(x[r][l]);
          UNROLL for (int g = 0; g < kGroups; g++) multiply_add(sum[r][g][l], limb, pair[g]);
        }
        x[r] += kCount;
      }
    }
    UNROLL for (int r = 0; r < Rows; r++) { UNROLL for (int g = 0; g < kGroups; g++) carry<Split>(sum[r][g]); }
  }
  UNROLL for (int r = 0; r < Rows; r++) {
    UNROLL for (int g = 0; g < kGroups; g++) {
      UNROLL for (int l = 0; l < kCount; l++) store(&tile.sum[r][l][(group + g) * kLanes], sum[r][g][l]);
    }
  }
}

// Limb sums to ring words: y (+)= (sum_l tile_l 2^offset_l) << shift.
template <class Split, int Rows>
inline void combine(const RingGemmPanel& p, const Tile<Split, Rows>& tile, uint64_t* y, bool add) {
  for (int r = 0; r < Rows; r++) {
    uint64_t words[kPanel];
    for (int j = 0; j < kPanel; j++) {
      uint64_t word = 0;
      UNROLL for (int l = 0; l < Split::kCount; l++) {
        word += static_cast<uint64_t>(static_cast<int64_t>(tile.sum[r][l][j])) << Split::kOffset[l];
      }
      words[j] = word << p.shifts[j];
    }
    uint64_t* to = y + r * p.y_stride;
    if (add)
      for (int j = 0; j < p.rows; j++) to[j] += words[j];
    else
      for (int j = 0; j < p.rows; j++) to[j] = words[j];
  }
}

template <class Split, int Rows>
void multiply_rows(const RingGemmPanel& p, int64_t token, int64_t from, int pairs) {
  Tile<Split, Rows> tile;
  const uint32_t* limbs = p.limbs + (token * p.pairs + from) * Split::kCount;
  for (int group = 0; group < kPanel / kLanes; group += kGroups)
    multiply_groups<Split, Rows>(p, p.weights + from * 2 * kPanel, limbs, pairs, group, tile);
  combine<Split, Rows>(p, tile, p.y + token * p.y_stride, p.add || from > 0);
}

template <class Split>
void multiply(const RingGemmPanel& p) {
  const int64_t passes = (p.tokens + Split::kRows - 1) / Split::kRows;
  for (int64_t from = 0; from < p.pairs; from += kPassPairs) {
    const int pairs = static_cast<int>(p.pairs - from < kPassPairs ? p.pairs - from : kPassPairs);
    for (int64_t pass = 0; pass < passes; pass++) {  // 19 tokens by threes as 3 3 3 3 3 2 2, never a lonely last one
      const int64_t token = p.tokens * pass / passes, rows = p.tokens * (pass + 1) / passes - token;
      if (rows == 1) multiply_rows<Split, 1>(p, token, from, pairs);
      if constexpr (Split::kRows > 1)
        if (rows == 2) multiply_rows<Split, 2>(p, token, from, pairs);
      if constexpr (Split::kRows > 2)
        if (rows == 3) multiply_rows<Split, 3>(p, token, from, pairs);
    }
  }
}

// sums[block][row] of at most kLongestBlock pairs, folded to the next level in place: a block there is two here.
void fold(int32_t (*sums)[kPanel], int blocks, int32_t largest[kLevels]) {
  for (int level = 0; level < kLevels; level++, blocks = (blocks + 1) / 2) {
    int32_t most[kPanel] = {};
    for (int b = 0; b < blocks; b++)
      for (int j = 0; j < kPanel; j++) most[j] = most[j] < sums[b][j] ? sums[b][j] : most[j];
    for (int j = 0; j < kPanel; j++) largest[level] = largest[level] < most[j] ? most[j] : largest[level];
    for (int b = 0; b < blocks; b += 2)
      for (int j = 0; j < kPanel; j++) sums[b / 2][j] = sums[b][j] + (b + 1 < blocks ? sums[b + 1][j] : 0);
  }
}

void block_sums(const int16_t* weights, int64_t pairs, int32_t largest[kLevels]) {
  for (int level = 0; level < kLevels; level++) largest[level] = 0;
  alignas(64) int32_t sums[kLongestBlock / kFirstBlock][kPanel];
  for (int64_t from = 0; from < pairs; from += kLongestBlock) {
    int blocks = 0;
    for (int64_t first = from; first < pairs && first < from + kLongestBlock; first += kFirstBlock, blocks++)
      for (int g = 0; g < kPanel / kLanes; g++) {
        Lanes sum = zero();
        for (int64_t k = first; k < pairs && k < first + kFirstBlock; k++)
          sum = add(sum, absolute_pair_sum(load(weights + 2 * (k * kPanel + g * kLanes))));
        store(&sums[blocks][g * kLanes], sum);
      }
    fold(sums, blocks, largest);
  }
}

}  // namespace

namespace shardlm::detail {

#define SHARDLM_JOIN_(a, b) a##b
#define SHARDLM_JOIN(a, b) SHARDLM_JOIN_(a, b)

const RingGemmKernels SHARDLM_JOIN(ring_gemm_, SHARDLM_ISA_TAG) = {
    {split<Four>, split<Five>}, {multiply<Four>, multiply<Five>}, block_sums};

}  // namespace shardlm::detail
