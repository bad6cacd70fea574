// The CPU kernels of weighted_rows, compiled once an instruction set: the tree with a node a lane, the product with a column a lane.
#include "dpf_rows_kernels.hpp"
#include "vector_lanes.hpp"

#include <immintrin.h>

#define UNROLL _Pragma("GCC unroll 16")

namespace shardlm::crypto {
namespace {

using L = SHARDLM_ISA_TAG::VectorLanes;
using Tree = RowTree<L>;

SHARDLM_LANES Node<L> load_node(const uint32_t* nodes, size_t pitch) {
  Node<L> node;
  UNROLL for (int i = 0; i < 4; ++i) node.seed[i] = L::load(nodes + i * pitch);
  node.t = L::load(nodes + 4 * pitch);
  return node;
}

SHARDLM_LANES void store_node(uint32_t* nodes, size_t pitch, const Node<L>& node) {
  UNROLL for (int i = 0; i < 4; ++i) L::store(nodes + i * pitch, node.seed[i]);
  L::store(nodes + 4 * pitch, node.t);
}

// Left children stay where their parents were, right ones go behind them. Where there are fewer nodes than lanes, the right ones overwrite what
// the other lanes made.
void grow(const RowBatch& batch, size_t token, int level, int levels, uint32_t* nodes, size_t pitch) {
  const Tree tree(batch, token);
  for (int down = 0; down < levels; ++down)
    for (size_t i = 0, count = size_t{1} << down; i < count; i += L::width) {
      Node<L> left, right;
      tree.children(load_node(nodes + i, pitch), level + down, left, right);
      store_node(nodes + i, pitch, left);
      store_node(nodes + count + i, pitch, right);
    }
}

void leaves(const RowBatch& batch, size_t token, int height, const uint32_t* nodes, size_t pitch, uint64_t* words) {
  const Tree tree(batch, token);
  uint64_t correction[8];
  UNROLL for (int j = 0; j < 8; ++j) correction[j] = tree.leaf_correction(j);
  const size_t count = size_t{1} << height;
  size_t leaf = 0;  // whose node is i: i with its bits reversed
  for (size_t i = 0; i < count; i += L::width) {
    typename L::Vec block[16];
    alignas(64) uint32_t turned[L::width][16];
    tree.leaf(load_node(nodes + i, pitch), block);
    L::store_key_major(block, &turned[0][0], 16);
    for (size_t lane = 0; lane < L::width && i + lane < count; ++lane) {
      const uint64_t t = static_cast<uint64_t>(int64_t{static_cast<int32_t>(nodes[4 * pitch + i + lane])});
      UNROLL for (int j = 0; j < 8; ++j) words[8 * leaf + j] = word64(turned[lane], j) + (correction[j] & t);
      size_t bit = count >> 1;
      for (; leaf & bit; bit >>= 1) leaf ^= bit;
      leaf ^= bit;
    }
  }
}

#if defined(__AVX512F__)
constexpr int kBytes = 64, kMostTokens = 10;
#elif defined(__AVX2__)
constexpr int kBytes = 32, kMostTokens = 3;
#else
constexpr int kBytes = 16, kMostTokens = 2;
#endif
constexpr int kLanes = kBytes / 8, kGroup = 2 * kLanes;

typedef uint64_t Lanes __attribute__((vector_size(kBytes), may_alias, aligned(8)));
typedef double Doubles __attribute__((vector_size(kBytes)));
typedef float Floats __attribute__((vector_size(kBytes / 2)));
typedef float FloatsAt __attribute__((vector_size(kBytes / 2), may_alias, aligned(1)));
typedef uint32_t Pairs __attribute__((vector_size(kBytes / 2)));  // of 16-bit numbers
typedef uint32_t PairsAt __attribute__((vector_size(kBytes / 2), may_alias, aligned(1)));
typedef int32_t SignedPairs __attribute__((vector_size(kBytes / 2)));
typedef uint16_t Halves __attribute__((vector_size(kBytes / 2)));

// To the nearest integer, ties to even, for |x| < 2^63.
#if defined(__AVX512DQ__)
SHARDLM_LANES Lanes integers(Floats x) { return (Lanes)_mm512_cvtps_epi64((__m256)x); }
#else
// Sums with 1.5 2^52 have their integers in their low bits: first the multiple of 2^32, then what is left.
SHARDLM_LANES Lanes large_integers(Floats x) {
  const double magic = 0x1.8p52;
  const Doubles all = __builtin_convertvector(x, Doubles), high = all * 0x1p-32 + magic, low = all - (high - magic) * 0x1p32 + magic;
  return ((Lanes)high << 32) + ((Lanes)low - (Lanes)(Doubles{} + magic));
}

// Most tables have numbers of 32 bits alone; what has more becomes -2^31. A table is public: its numbers may be branched on.
SHARDLM_LANES Lanes integers(Floats x) {
#if defined(__AVX2__)
  const __m128i small = _mm_cvtps_epi32((__m128)x);
  const Lanes out = (Lanes)_mm256_cvtepi32_epi64(small);
#else
  const __m128i small = _mm_cvtps_epi32(_mm_castsi128_ps(_mm_cvtsi64_si128((long long)x)));
  const Lanes out = (Lanes)_mm_unpacklo_epi32(small, _mm_srai_epi32(small, 31));
#endif
  if (__builtin_expect(_mm_movemask_epi8(_mm_cmpeq_epi32(small, _mm_set1_epi32(INT32_MIN))) != 0, 0)) return large_integers(x);
  return out;
}
#endif

// A group of columns as integers, numbers times 2^scale. 16-bit numbers come in pairs: even columns into out[0], odd ones into out[1].
struct Bf16 {
  static constexpr int kSize = 2;
  Halves exponent;  // added to that of each number; it makes zero a power of two that rounds to zero
  explicit Bf16(int scale) : exponent((Halves)(Pairs{} + (static_cast<uint32_t>(scale) << 7) * 0x10001u)) {}
  SHARDLM_LANES void load(const uint8_t* from, Lanes* out) const {
    const Pairs x = (Pairs)((Halves)(Pairs)*reinterpret_cast<const PairsAt*>(from) + exponent);
    out[0] = integers((Floats)(x << 16));
    out[1] = integers((Floats)(x & 0xFFFF0000u));
  }
};

struct F16 {
  static constexpr int kSize = 2;
  float scale;
  explicit F16(int power) : scale(static_cast<float>(uint64_t{1} << power)) {}
  // Exponent and fraction move into place; the product with 2^112 mends the bias, also of subnormals.
  SHARDLM_LANES Floats number(Pairs top) const { return (Floats)((Pairs)((SignedPairs)top >> 3) & 0x8FFFE000u) * 0x1p112f * scale; }
  SHARDLM_LANES void load(const uint8_t* from, Lanes* out) const {
    const Pairs x = *reinterpret_cast<const PairsAt*>(from);
    out[0] = integers(number(x << 16));
    out[1] = integers(number(x & 0xFFFF0000u));
  }
};

struct F32 {
  static constexpr int kSize = 4;
  float scale;
  explicit F32(int power) : scale(static_cast<float>(uint64_t{1} << power)) {}
  SHARDLM_LANES void load(const uint8_t* from, Lanes* out) const {
    UNROLL for (int v = 0; v < 2; ++v) out[v] = integers(*reinterpret_cast<const FloatsAt*>(from + v * kBytes / 2) * scale);
  }
};

// Integers as they were made before.
struct Ready {
  static constexpr int kSize = 8;
  explicit Ready(int) {}
  SHARDLM_LANES void load(const uint8_t* from, Lanes* out) const {
    UNROLL for (int v = 0; v < 2; ++v) out[v] = reinterpret_cast<const Lanes*>(from)[v];
  }
};

// Rows are short against the distance over which the processor sees a pattern, so memory is asked for what comes next in it. A single token's
// rows come eight at a time, which is nearly the order in which they lie.
template <class Format, int Tokens>
void multiply_tokens(const RowBlock& block) {
  constexpr int kStep = kGroup * Format::kSize, kRows = Tokens == 1 ? 8 : kBlockRows, kRowsAtOnce = Tokens == 1 ? 8 : 1;
  const Format format(block.scale);
  const uint8_t* next = block.table + kBlockRows * block.stride;
  for (size_t first = 0; first < kBlockRows; first += kRows)
    for (size_t c = 0; c < block.columns; c += kGroup) {
      uint64_t* sums = block.sums + c;
      Lanes sum[Tokens][2];
      UNROLL for (int t = 0; t < Tokens; ++t) {
        UNROLL for (int v = 0; v < 2; ++v) sum[t][v] = *reinterpret_cast<const Lanes*>(sums + t * block.pitch + v * kLanes);
      }
      const uint8_t* row = block.table + first * block.stride + c * Format::kSize;
      const uint64_t* weights = block.weights + first;
      for (int r = 0; r < kRows; r += kRowsAtOnce, weights += kRowsAtOnce) {
        UNROLL for (int i = 0; i < kRowsAtOnce; ++i, row += block.stride, next += kStep) {
          if (i * kStep % 64 < kStep) _mm_prefetch(reinterpret_cast<const char*>(next), _MM_HINT_T1);
          Lanes number[2];
          format.load(row, number);
          UNROLL for (int t = 0; t < Tokens; ++t) {
            const uint64_t weight = weights[t * kWeightPitch + i];
            UNROLL for (int v = 0; v < 2; ++v) sum[t][v] += number[v] * weight;
          }
        }
      }
      UNROLL for (int t = 0; t < Tokens; ++t) {
        UNROLL for (int v = 0; v < 2; ++v) *reinterpret_cast<Lanes*>(sums + t * block.pitch + v * kLanes) = sum[t][v];
      }
    }
}

template <class Format, int Tokens>
void multiply_some(const RowBlock& block) {
  if (block.tokens == Tokens) return multiply_tokens<Format, Tokens>(block);
  if constexpr (Tokens > 1) multiply_some<Format, Tokens - 1>(block);
}

template <class Format>
void multiply_all(const RowBlock& all) {
  const size_t passes = (all.tokens + kMostTokens - 1) / kMostTokens;
  for (size_t pass = 0; pass < passes; ++pass) {  // even ones: 19 tokens by tens as 9 and 10
    const size_t first = all.tokens * pass / passes;
    RowBlock block = all;
    block.tokens = all.tokens * (pass + 1) / passes - first;
    block.weights += first * kWeightPitch;
    block.sums += first * block.pitch;
    multiply_some<Format, kMostTokens>(block);
  }
}

// Where numbers take long to become integers and a pass has few tokens, they are made once for all passes, a group of columns at a time.
template <class Format>
void multiply(const RowBlock& all) {
  if (kMostTokens >= 8 || all.tokens <= kMostTokens) return multiply_all<Format>(all);
  const Format format(all.scale);
  Lanes ready[kBlockRows][2];
  RowBlock block = all;
  block.table = reinterpret_cast<const uint8_t*>(ready);
  block.stride = sizeof ready[0];
  block.columns = kGroup;
  for (size_t c = 0; c < all.columns; c += kGroup) {
    const uint8_t* row = all.table + c * Format::kSize;
    for (size_t r = 0; r < kBlockRows; ++r, row += all.stride) format.load(row, ready[r]);
    block.sums = all.sums + c;
    multiply_all<Ready>(block);
  }
}

}  // namespace

#define SHARDLM_JOIN2(a, b) a##b
#define SHARDLM_JOIN(a, b) SHARDLM_JOIN2(a, b)

const RowKernels SHARDLM_JOIN(row_kernels_, SHARDLM_ISA_TAG) = {kLanes, grow, leaves, {multiply<Bf16>, multiply<F16>, multiply<F32>}};

}  // namespace shardlm::crypto
