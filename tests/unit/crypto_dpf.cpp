// The distributed point function on small domains, exhaustively: every alpha, every point.
#include "crypto_batches.hpp"

namespace shardlm::crypto {
namespace {

int bit_at(const std::vector<std::uint32_t>& words, std::size_t n, std::size_t key, std::size_t i) { return words[i / 32 * n + key] >> (i % 32) & 1; }

TEST(Dpf, ExpansionsDifferAtAlphaAloneAndTheSignSaysHow) {
  for (int m : {1, 3, 5, 8, 9, 10, 11}) {
    const std::size_t n = std::size_t{1} << m;
    const Dealt dealt = deal(m, all_words(n));
    const std::vector<std::uint32_t> bits[2] = {to_vector(expand(dealt.keys[0])), to_vector(expand(dealt.keys[1]))};
    for (std::size_t key = 0; key < n; ++key)
      for (std::size_t i = 0; i < n; ++i) {
        const Word difference = Word(bit_at(bits[0], n, key, i)) - Word(bit_at(bits[1], n, key, i));
        ASSERT_EQ(difference, i == key ? dealt.signs[key] : 0) << "m " << m << " alpha " << key << " bit " << i;
      }
  }
}

TEST(Dpf, AlphaIsTakenModuloTheDomain) {
  const Dealt dealt = deal(7, {5, 5 + 128, ~Word{0}});
  const auto bits0 = to_vector(expand(dealt.keys[0])), bits1 = to_vector(expand(dealt.keys[1]));
  for (std::size_t key = 0; key < 3; ++key)
    for (std::size_t i = 0; i < 128; ++i) EXPECT_EQ(bit_at(bits0, 3, key, i) != bit_at(bits1, 3, key, i), i == (key < 2 ? 5u : 127u));
}

TEST(Prefix, TellsWhetherAlphaIsAtMostX) {
  for (int m : {1, 4, 8, 9, 10}) {
    const std::size_t n = std::size_t{1} << m;
    const Dealt dealt = deal(m, all_words(n));
    std::vector<Word> x(n * n);  // query q of every key: the point q
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = i / n;
    const auto out0 = to_vector(prefix(dealt.keys[0], to_array(x))), out1 = to_vector(prefix(dealt.keys[1], to_array(x)));
    for (std::size_t q = 0; q < n; ++q)
      for (std::size_t key = 0; key < n; ++key) ASSERT_EQ(out0[q * n + key] ^ out1[q * n + key], key <= q ? 1u : 0u) << "m " << m << " alpha " << key << " x " << q;
  }
}

// Queries of one key share work: the answer must not depend on which came before.
TEST(Prefix, QueriesOfAKeyAreIndependent) {
  for (int m : {12, 24, 33, 63, 64}) {
    const std::size_t n = 21, queries = 40;
    const Dealt dealt = deal(m, random_words(m, n, m));
    std::vector<Word> x = random_words(m + 100, n * queries, m);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t q = i / n, key = i % n;
      if (q % 4 == 1) x[i] = x[i - n];                                          // twice the same
      if (q % 4 == 2) x[i] = low(x[i - n] - (Word{1} << (q * m / queries)), m);  // as far as a public knot's difference
      if (q % 8 == 3) x[i] = low(dealt.alpha[key] - (q > 20 ? 1 : 0), m);        // right at the step
    }
    const auto out0 = to_vector(prefix(dealt.keys[0], to_array(x))), out1 = to_vector(prefix(dealt.keys[1], to_array(x)));
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(out0[i] ^ out1[i], dealt.alpha[i % n] <= x[i] ? 1u : 0u) << "m " << m << " query " << i / n;
      ASSERT_LE(out0[i], 1u);
    }
    for (std::size_t q = 0; q < queries; q += 7) {
      const std::vector<Word> alone(x.begin() + q * n, x.begin() + (q + 1) * n);
      ASSERT_EQ(to_vector(prefix(dealt.keys[0], to_array(alone))), std::vector<Word>(out0.begin() + q * n, out0.begin() + (q + 1) * n));
    }
  }
}

TEST(Dpf, EmptyBatchesAreFine) {
  const Dealt dealt = deal(12, {});
  EXPECT_EQ(dealt.signs.size(), 0u);
  EXPECT_EQ(prefix(dealt.keys[0], Array<Word>()).size(), 0u);
}

TEST(Dpf, NoBlockIsUsedTwice) {  // the same roots under another serial number or salt give unrelated keys
  const std::vector<Word> alpha(16, 3);
  const auto at = [&](const Tweak& tweak) { return to_vector(deal(12, alpha, tweak).keys[0].corrections); };
  const auto one = at({{1, 2, 3, 4}, 0}), other_serial = at({{1, 2, 3, 4}, 16}), other_salt = at({{1, 2, 3, 5}, 0});
  std::size_t same = 0;
  for (std::size_t i = 0; i < one.size(); ++i) same += (one[i] == other_serial[i]) + (one[i] == other_salt[i]);
  EXPECT_LT(same, 3u);  // chance: 900 words of 32 bits; two coincidences have probability below 1e-13
}

TEST(Dpf, SaysWhatDoesNotFit) {
  const Array<Word> alpha("alpha", 20);
  Stream stream(Key{1});
  const auto roots = stream.roots(20), few = stream.roots(16);
  EXPECT_THROW(generate(0, alpha, roots, roots, {}), Error);
  EXPECT_THROW(generate(65, alpha, roots, roots, {}), Error);
  EXPECT_THROW(generate(12, alpha, roots, few, {}), Error);
  Dealt dealt = deal(12, all_words(20));
  EXPECT_THROW(prefix(dealt.keys[0], Array<Word>("x", 30)), Error);
  dealt.keys[0].party = 2;
  EXPECT_THROW(prefix(dealt.keys[0], Array<Word>("x", 20)), Error);
  dealt.keys[1].m = 13;
  EXPECT_THROW(prefix(dealt.keys[1], Array<Word>("x", 20)), Error);
  EXPECT_THROW(expand(deal(21, {1}).keys[0]), Error);
}

TEST(Dpf, ABatchTakesTheBytesThatTheHeaderSays) {
  EXPECT_EQ(correction_bytes(12, 16), 16u * (3 * 16 + 64) + 3 * 4u);  // a key: 16 bytes a level and 64 of leaf; a tile: 4 a level
  EXPECT_EQ(correction_bytes(9, 1), 16 * 64u);
  EXPECT_EQ(deal(12, all_words(33)).keys[0].corrections.size() * 4, correction_bytes(12, 33));
}

}  // namespace
}  // namespace shardlm::crypto
