// Streams: how draws are cut out of ChaCha blocks, the same on both ends and in every form of the kernels.
#include "crypto_batches.hpp"

namespace shardlm::crypto {
namespace {

constexpr int kRounds = SHARDLM_CHACHA_ROUNDS;
const Key kKey = {11, 12, 13, 14, 15, 16, 17, 18};

std::uint32_t draw_word(std::uint64_t draw, std::size_t i) {  // 32-bit word i of a draw
  const std::array<std::uint32_t, 3> nonce = {kStreamUse, static_cast<std::uint32_t>(draw), static_cast<std::uint32_t>(draw >> 32)};
  return chacha_block(kKey, static_cast<std::uint32_t>(i / 16), nonce, kRounds)[i % 16];
}

TEST(Stream, WordsAreTheDrawsBytesCutToTheRing) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (std::size_t n : {1u, 7u, 8u, 128u, 1000u, 70000u})
      for (int k : {1, 33, 64}) {
        Stream stream(kKey);
        const std::vector<Word> words = to_vector(stream.words(n, k));
        ASSERT_EQ(words.size(), n);
        for (std::size_t i = 0; i < n; i += 1 + n / 100)
          ASSERT_EQ(words[i], low(draw_word(0, 2 * i) | Word{draw_word(0, 2 * i + 1)} << 32, k)) << name(form) << " n " << n << " k " << k << " i " << i;
        ASSERT_EQ(words[n - 1], low(draw_word(0, 2 * n - 2) | Word{draw_word(0, 2 * n - 1)} << 32, k));
      }
  }
}

TEST(Stream, BitsAreTheDrawsBits) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (std::size_t n : {1u, 31u, 512u, 5000u}) {
      Stream stream(kKey);
      const std::vector<Word> bits = to_vector(stream.bits(n));
      ASSERT_EQ(bits.size(), n);
      for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(bits[i], draw_word(0, i / 32) >> (i % 32) & 1) << name(form);
    }
  }
}

TEST(Stream, RootsAreTheDrawsWordsInOrder) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (std::size_t n : {1u, 16u, 17u, 600u}) {
      Stream stream(kKey);
      const std::vector<std::uint32_t> roots = to_vector(stream.roots(n));
      ASSERT_EQ(roots.size(), tiles_of(n) * 64);
      for (std::size_t i = 0; i < roots.size(); ++i) ASSERT_EQ(roots[i], draw_word(0, i)) << name(form);
    }
  }
}

TEST(Stream, EveryDrawHasItsOwnNumber) {
  Stream stream(kKey);
  stream.words(3, 64);
  stream.bits(3);
  stream.roots(3);
  EXPECT_EQ(stream.draws(), 3u);
  EXPECT_EQ(to_vector(stream.words(1, 32))[0], draw_word(3, 0));
}

TEST(Stream, TwoEndsReplayAlike) {
  Stream a(kKey), b(kKey);
  for (std::size_t n : {5u, 700u}) {
    EXPECT_EQ(to_vector(a.words(n, 47)), to_vector(b.words(n, 47)));
    EXPECT_EQ(to_vector(a.bits(n)), to_vector(b.bits(n)));
    EXPECT_EQ(to_vector(a.roots(n)), to_vector(b.roots(n)));
  }
}

TEST(Stream, AnEmptyDrawCountsToo) {
  Stream stream(kKey);
  EXPECT_EQ(stream.words(0, 64).size(), 0u);
  EXPECT_EQ(stream.draws(), 1u);
}

TEST(Stream, RefusesRingsThatWordsCannotHold) {
  Stream stream(kKey);
  EXPECT_THROW(stream.words(1, 0), Error);
  EXPECT_THROW(stream.words(1, 65), Error);
}

}  // namespace
}  // namespace shardlm::crypto
