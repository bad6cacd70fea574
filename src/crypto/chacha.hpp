// ChaCha's double rounds (RFC 8439, section 2.3) on lanes: every lane its own block.
#pragma once

#include "lanes.hpp"

namespace shardlm::crypto {

constexpr int kRounds = SHARDLM_CHACHA_ROUNDS;
static_assert(kRounds == 8 || kRounds == 12 || kRounds == 20, "SHARDLM_CHACHA_ROUNDS must be 8, 12 or 20");

// "expand 32-byte k"
constexpr uint32_t kSigma0 = 0x61707865, kSigma1 = 0x3320646E, kSigma2 = 0x79622D32, kSigma3 = 0x6B206574;

template <class L>
SHARDLM_LANES void quarter_round(typename L::Vec& a, typename L::Vec& b, typename L::Vec& c, typename L::Vec& d) {
  a += b, d = L::template rotate<16>(d ^ a);
  c += d, b = L::template rotate<12>(b ^ c);
  a += b, d = L::template rotate<8>(d ^ a);
  c += d, b = L::template rotate<7>(b ^ c);
}

// The loop stays rolled: a kernel inlines several copies, which unrolled would leave the instruction cache.
template <class L>
SHARDLM_LANES void chacha_rounds(typename L::Vec* x, int rounds) {
  SHARDLM_ROLL for (int i = 0; i < rounds; i += 2) {
    quarter_round<L>(x[0], x[4], x[8], x[12]);
    quarter_round<L>(x[1], x[5], x[9], x[13]);
    quarter_round<L>(x[2], x[6], x[10], x[14]);
    quarter_round<L>(x[3], x[7], x[11], x[15]);
    quarter_round<L>(x[0], x[5], x[10], x[15]);
    quarter_round<L>(x[1], x[6], x[11], x[12]);
    quarter_round<L>(x[2], x[7], x[8], x[13]);
    quarter_round<L>(x[3], x[4], x[9], x[14]);
  }
}

// key: words 4-11 of the state; tail: counter and nonce, words 12-15. out: 16 words of key stream.
template <class L>
SHARDLM_LANES void chacha_block(const typename L::Vec* key, const typename L::Vec* tail, int rounds, typename L::Vec* out) {
  out[0] = L::splat(kSigma0), out[1] = L::splat(kSigma1), out[2] = L::splat(kSigma2), out[3] = L::splat(kSigma3);
  SHARDLM_UNROLL for (int i = 0; i < 8; ++i) out[4 + i] = key[i];
  SHARDLM_UNROLL for (int i = 0; i < 4; ++i) out[12 + i] = tail[i];
  chacha_rounds<L>(out, rounds);
  out[0] += kSigma0, out[1] += kSigma1, out[2] += kSigma2, out[3] += kSigma3;
  SHARDLM_UNROLL for (int i = 0; i < 8; ++i) out[4 + i] += key[i];
  SHARDLM_UNROLL for (int i = 0; i < 4; ++i) out[12 + i] += tail[i];
}

}  // namespace shardlm::crypto
