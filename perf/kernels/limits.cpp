#include "limits.hpp"

#include <immintrin.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include "shardlm/core/types.hpp"

namespace shardlm::perf {
namespace {

double seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

template <class Work>
double shortest(int times, const Work& work) {
  double best = 1e9;
  for (int i = 0; i < times; i++) {
    const double start = seconds();
    work();
    best = std::min(best, seconds() - start);
  }
  return best;
}

constexpr int kRepeats = 200000, kChains = 12;

// Twelve independent sums hide the latency of the instruction.
#define TWELVE(OP) OP(0) OP(1) OP(2) OP(3) OP(4) OP(5) OP(6) OP(7) OP(8) OP(9) OP(10) OP(11)
#define VNNI(i) "vpdpwssd %%zmm14, %%zmm15, %%zmm" #i "\n"
#define AVX2(i) "vpmaddwd %%ymm14, %%ymm15, %%ymm13\n vpaddd %%ymm13, %%ymm" #i ", %%ymm" #i "\n"
#define SSE2(i) "movdqa %%xmm15, %%xmm13\n pmaddwd %%xmm14, %%xmm13\n paddd %%xmm13, %%xmm" #i "\n"
#define CLOBBERS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm13"

__attribute__((target("avx512f"))) void run_avx512() {
  for (int i = 0; i < kRepeats; i++) asm volatile(TWELVE(VNNI)::: CLOBBERS);
}
__attribute__((target("avx2"))) void run_avx2() {
  for (int i = 0; i < kRepeats; i++) asm volatile(TWELVE(AVX2)::: CLOBBERS);
}
void run_baseline() {
  for (int i = 0; i < kRepeats; i++) asm volatile(TWELVE(SSE2)::: CLOBBERS);
}

#define WORDS(i) "vpmullq %%zmm14, %%zmm15, %%zmm13\n vpaddq %%zmm13, %%zmm" #i ", %%zmm" #i "\n"
__attribute__((target("avx512f,avx512dq"))) void run_words_avx512() {
  for (int i = 0; i < kRepeats; i++) asm volatile(TWELVE(WORDS)::: CLOBBERS);
}

// A product of 64 bits is three of 32 x 32 bits, two of which are added and shifted.
#define PARTS(i)                                                                                                              \
  "vpmuludq %%ymm14, %%ymm15, %%ymm13\n vpaddq %%ymm13, %%ymm" #i ", %%ymm" #i "\n vpmuludq %%ymm12, %%ymm15, %%ymm13\n"       \
  "vpmuludq %%ymm14, %%ymm12, %%ymm11\n vpaddq %%ymm11, %%ymm13, %%ymm13\n vpsllq $32, %%ymm13, %%ymm13\n"                    \
  "vpaddq %%ymm13, %%ymm" #i ", %%ymm" #i "\n"
__attribute__((target("avx2"))) void run_words_avx2() {
  for (int i = 0; i < kRepeats; i++)
    asm volatile(PARTS(0) PARTS(1) PARTS(2) PARTS(3) PARTS(4) PARTS(5)::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm11", "xmm13");
}

// Larger than any cache, in large pages where the system gives them, as a mapped model is.
constexpr std::size_t kBytes = std::size_t{512} << 20;

const char* large_buffer() {
  static const std::unique_ptr<char, void (*)(void*)> buffer = [] {
    char* p = static_cast<char*>(std::aligned_alloc(std::size_t{2} << 20, kBytes));
    madvise(p, kBytes, MADV_HUGEPAGE);
    std::memset(p, 1, kBytes);
    return std::unique_ptr<char, void (*)(void*)>(p, std::free);
  }();
  return buffer.get();
}

void read(const char* p, std::size_t bytes) {
  __m128i sum[4] = {};
  for (std::size_t i = 0; i < bytes; i += 64)
    for (int j = 0; j < 4; j++) sum[j] = _mm_xor_si128(sum[j], _mm_load_si128(reinterpret_cast<const __m128i*>(p + i + 16 * j)));
  for (const __m128i& s : sum) asm volatile("" ::"x"(s));
}

}  // namespace

double read_bandwidth() {
  const char* buffer = large_buffer();
  return kBytes / shortest(3, [=] { read(buffer, kBytes); });
}

double int16_products(Isa isa) {
  const auto run = isa == Isa::avx512 ? run_avx512 : isa == Isa::avx2 ? run_avx2 : run_baseline;
  const int lanes = isa == Isa::avx512 ? 16 : isa == Isa::avx2 ? 8 : 4;
  return 2.0 * lanes * kChains * kRepeats / shortest(5, run);
}

double word_products(Isa isa) {
  if (isa == Isa::avx512) return 8.0 * kChains * kRepeats / shortest(5, run_words_avx512);
  if (isa == Isa::avx2) return 4.0 * 6 * kRepeats / shortest(5, run_words_avx2);
  return 0;
}

double chacha_blocks(crypto::Form form) {
  constexpr std::size_t kTiles = 256;
  crypto::set_form(form);
  const Array<std::uint32_t> out("blocks", kTiles);
  const double blocks = 16.0 * kChainBlocks * kTiles / shortest(20, [&] {
                          crypto::launch("blocks", crypto::BlocksJob{out.data()}, kTiles);
                          Exec().fence();
                        });
  crypto::set_form(crypto::Form::best);
  return blocks;
}

}  // namespace shardlm::perf
