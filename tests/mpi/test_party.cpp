// Every Party operation on four real ranks against exact integer arithmetic.
#include "four_ranks.hpp"

#include "shardlm/core/ring.hpp"
#include "shardlm/crypto/weight_stream.hpp"

namespace shardlm {
namespace {

using mpc::Masked;
using mpc::Party;
using mpc::Shared;
using testing::known_words;
using testing::Request;
using testing::result;
using testing::reveal;

// Words of [-2^(bits-1), 2^(bits-1)) in Z_{2^ring}, with the ends of the range among them.
std::vector<Word> around_zero(std::size_t n, int bits, int ring, std::uint32_t seed) {
  std::vector<Word> x = known_words(n, bits, seed);
  const Word half = Word{1} << (bits - 1);
  for (Word& w : x) w = low(w - half, ring);
  if (n >= 4) {
    x[0] = 0;
    x[1] = low(half - 1, ring);
    x[2] = low(Word{0} - half, ring);
    x[3] = low(Word{0} - 1, ring);
  }
  return x;
}

TEST(Party, OpeningKeepsTheValueInEveryRing) {
  for (int ring : {1, 7, 8, 25, 33, 49, 58, 63, 64}) {
    const Request request;
    const std::vector<Word> x = known_words(1000, ring, 5);
    Masked m;
    if (request.takes_part()) m = request.masked(x, {10, 100}, 3, ring);
    EXPECT_EQ(reveal(request.takes_part() ? &m : nullptr, ring), x) << ring;
  }
}

TEST(Party, LiftIsExactUpToTheEndsOfItsRange) {
  for (int ring : {16, 33, 49, 63, 64}) {
    const Request request;
    const int bits = ring == 64 ? 64 : ring - 1;  // |x| < 2^(ring - 2)
    const std::vector<Word> small = around_zero(4000, bits, ring, 6);
    const std::vector<Word> got = result(request, 64, [&](Party& p) { return p.lift(request.masked(small, {4000}, 0, ring)); });
    for (std::size_t i = 0; i < small.size(); ++i) ASSERT_EQ(got[i], Word(as_signed(small[i], ring))) << ring << " " << i;
  }
}

TEST(Party, TruncationIsTheFloorOrOneMoreAndUnbiased) {
  const Request request;
  const int t = 13;
  const std::vector<Word> x = around_zero(20000, 60, 64, 7);
  const std::vector<Word> got = result(request, 64, [&](Party& p) { return p.truncate(request.masked(x, {20000}, 20, 64), t); });
  double excess = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int64_t floor = std::int64_t(x[i]) >> t, value = std::int64_t(got[i]);
    ASSERT_TRUE(value == floor || value == floor + 1) << i;
    excess += double(value) - double(std::int64_t(x[i])) / (1 << t);
  }
  EXPECT_LT(std::abs(excess), 6 * 0.5 * std::sqrt(20000.0));  // six standard deviations at least: false alarm below 2e-9
}

TEST(Party, RowScalingMultipliesExactly) {
  const Request request;
  const std::vector<Word> a = known_words(7, 64, 8), b = known_words(7 * 33, 51, 9);
  const std::vector<Word> got = result(request, 51, [&](Party& p) {
    return p.multiply(request.masked(a, {7}, 3, 64), request.masked(b, {7, 33}, 4, 51), mpc::ScaleRows());
  });
  for (std::size_t i = 0; i < b.size(); ++i) ASSERT_EQ(got[i], low(a[i / 33] * b[i], 51));
}

TEST(Party, AProductOfAMaskThatHoldsADealersShareIsExactToo) {
  const Request request;
  const std::vector<Word> a = around_zero(50, 40, 64, 8), b = known_words(50, 64, 9);
  const std::vector<Word> got = result(request, 64, [&](Party& p) {
    const Masked again = p.open(p.lift(request.masked(a, {50}, 0, 64)));
    EXPECT_FALSE(again.shared);
    return p.multiply(again, request.masked(b, {50, 1}, 0, 64), mpc::ScaleRows());
  });
  for (std::size_t i = 0; i < b.size(); ++i) ASSERT_EQ(got[i], a[i] * b[i]);
}

TEST(Party, ScoresAndWeightedValuesAreExactMatrixProducts) {
  const Request request;
  const mpc::Causal causal{3, 4};
  const std::size_t heads = 6, kv = 2, d = 10, capacity = 9;
  const std::vector<Word> q = known_words(heads * 4 * d, 64, 1), k = known_words(kv * capacity * d, 64, 2);
  std::vector<Word> want(heads * causal.pairs(), 0);
  for (std::size_t h = 0; h < heads; ++h)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < causal.length(i); ++j)
        for (std::size_t c = 0; c < d; ++c)
          want[h * causal.pairs() + causal.offset(i) + j] += q[(h * 4 + i) * d + c] * k[(h / 3 * capacity + j) * d + c];
  EXPECT_EQ(result(request, 64, [&](Party& p) {
              return p.multiply(request.masked(q, {heads, 4, d}, 0, 64), request.masked(k, {kv, capacity, d}, 0, 64), mpc::Scores(causal));
            }),
            want);

  const std::vector<Word> e = known_words(heads * causal.pairs(), 64, 3);
  std::vector<Word> mixed(heads * 4 * d, 0);
  for (std::size_t h = 0; h < heads; ++h)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < causal.length(i); ++j)
        for (std::size_t c = 0; c < d; ++c)
          mixed[(h * 4 + i) * d + c] += e[h * causal.pairs() + causal.offset(i) + j] * k[(h / 3 * capacity + j) * d + c];
  EXPECT_EQ(result(request, 64, [&](Party& p) {
              return p.multiply(request.masked(e, {heads, causal.pairs()}, 0, 64), request.masked(k, {kv, capacity, d}, 0, 64), mpc::Weighted(causal));
            }),
            mixed);
}

TEST(Party, SelectionTimesOneToThreeBitsIsExact) {
  const Request request;
  const std::size_t n = 64;
  const std::vector<Word> x = known_words(n, 33, 4);
  for (std::size_t bits = 1; bits <= 3; ++bits) {
    std::vector<Word> want = x, flags[3];
    for (std::size_t b = 0; b < bits; ++b) {
      flags[b] = known_words(n, 1, std::uint32_t(20 + b));
      for (std::size_t i = 0; i < n; ++i) want[i] *= b == 1 ? 1 - flags[b][i] : flags[b][i];
    }
    EXPECT_EQ(result(request, 33,
                     [&](Party& p) {
                       std::vector<mpc::Bit> opened;
                       for (std::size_t b = 0; b < bits; ++b) {
                         const Shared as_bits = request.share(flags[b], {n}, 0, 1);  // shares mod 2 are xor shares
                         mpc::Bit bit = p.open({}, {{as_bits.x}}).bits[0];
                         opened.push_back(b == 1 ? ~bit : bit);
                       }
                       return p.select(request.masked(x, {n}, 5, 33), opened);
                     }),
              want);
  }
}

TEST(Party, SumsOfSquaresAreExactForEveryMask) {
  const Request request;
  const std::size_t rows = 40, columns = 65;
  for (int ring : {32, 48, 60}) {
    const std::vector<Word> x = around_zero(rows * columns, ring - 1 < 31 ? ring - 1 : 31, ring, 11);
    const std::vector<Word> got = result(request, 64, [&](Party& p) { return p.sum_of_squares(request.masked(x, {rows, columns}, 14, ring)); });
    for (std::size_t i = 0; i < rows; ++i) {
      Word want = 0;
      for (std::size_t j = 0; j < columns; ++j) {
        const Word value = Word(as_signed(x[i * columns + j], ring));
        want += value * value;
      }
      ASSERT_EQ(got[i], want) << ring;
    }
  }
}

// A matrix with its bias, of int16 weights and an exponent, and what it makes of x.
struct TestLayer {
  static constexpr std::size_t kRows = 70, kColumns = 33, kTokens = 5;
  std::vector<std::int32_t> w = std::vector<std::int32_t>(kRows * kColumns);
  std::vector<std::int16_t> packed;
  std::vector<std::int8_t> exponents = std::vector<std::int8_t>(kRows, 2);
  std::vector<Word> bias = known_words(kRows, 64, 13), x = known_words(kTokens * kColumns, 64, 14), without_bias, with_bias;
  mpc::Linear layer;

  TestLayer() {
    const std::vector<Word> draw = known_words(w.size(), 16, 12);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = std::int16_t(draw[i]);
    packed = pack_rows(w.data(), kRows, kColumns, 1);
    PackedRows rows;
    rows.rows = kRows;
    rows.columns = kColumns;
    rows.weights = packed.data();
    rows.exponents = exponents.data();
    layer.rows = kRows;
    layer.columns = kColumns;
    layer.scale = 15;
    layer.weights = RingMatrix(rows);
    layer.bias = to_device(bias, {kRows}).data();
    without_bias.assign(kTokens * kRows, 0);
    for (std::size_t t = 0; t < kTokens; ++t)
      for (std::size_t o = 0; o < kRows; ++o)
        for (std::size_t c = 0; c < kColumns; ++c) without_bias[t * kRows + o] += x[t * kColumns + c] * weight(o, c);
    with_bias = without_bias;
    for (std::size_t i = 0; i < with_bias.size(); ++i) with_bias[i] += bias[i % kRows];
  }
  Word weight(std::size_t row, std::size_t column) const { return Word(std::int64_t(w[row * kColumns + column])) << 2; }
  Shape in() const { return {kTokens, kColumns}; }
};

TEST(Party, LinearLayersAreExactOnMaskedWiresAndOnShares) {
  const Request request;
  const TestLayer t;
  EXPECT_EQ(result(request, 64, [&](Party& p) { return p.project_back(t.layer, request.share(t.x, t.in(), 15, 64)); }), t.without_bias);
  EXPECT_EQ(result(request, 64, [&](Party& p) { return p.project_to_shares(t.layer, request.masked(t.x, t.in(), 15, 64)); }), t.with_bias);
  Masked y;
  if (request.takes_part()) y = request.party().project(t.layer, request.masked(t.x, t.in(), 12, 64));
  EXPECT_EQ(reveal(request.takes_part() ? &y : nullptr, 64), t.with_bias);
}

// Shares of a test's matrix: a stream, and what is left of the weights without it.
class SharedWeights {
 public:
  explicit SharedWeights(const TestLayer& t) {
    const auto stream = std::make_shared<crypto::WeightStream>(crypto::Key{1, 2, 3}, 5, TestLayer::kColumns);
    first = stream;
    const std::size_t panels = word_panels(TestLayer::kRows);
    const Array<Word> words = uninitialized<Word>("stream", panels * kWordPanel * TestLayer::kColumns);
    stream->panels(0, panels, words);
    std::vector<Word> rest = to_host(Tensor({words.size()}, words));
    for (Word& word : rest) word = 0 - word;
    for (std::size_t r = 0; r < TestLayer::kRows; ++r)
      for (std::size_t c = 0; c < TestLayer::kColumns; ++c) rest[word_index(r, c, TestLayer::kColumns)] += t.weight(r, c);
    second = std::make_shared<Rest>(rest);
  }
  std::shared_ptr<const WordSource> first, second;

 private:
  struct Rest : WordSource {
    std::vector<Word> words;
    explicit Rest(const std::vector<Word>& w) : words(w) {}
    const Word* columns(std::size_t panel, std::size_t from, std::size_t, Word*) const override {
      return words.data() + (panel * TestLayer::kColumns + from) * kWordPanel;
    }
    void panels(std::size_t from, std::size_t some, const Array<Word>& out) const override {
      const std::size_t size = TestLayer::kColumns * kWordPanel;
      const std::vector<Word> part(words.begin() + std::ptrdiff_t(from * size), words.begin() + std::ptrdiff_t((from + some) * size));
      Kokkos::deep_copy(Kokkos::subview(out, std::make_pair(std::size_t{0}, part.size())), to_device(part, {part.size()}).data());
    }
  };
};

TEST(Party, LinearLayersWithSecretWeightsAreExactAndTakeARoundWhereTheyOpen) {
  const Request request;
  TestLayer t;
  const SharedWeights shares(t);
  t.layer.secret = true;
  if (request.server()) {
    t.layer.weights = RingMatrix();  // a server has none of these
    t.layer.bias = {};
    t.layer.share = request.first() ? shares.first : shares.second;
  }
  const auto rounds = [&] { return request.server() ? request.party().costs().rounds : 0; };
  std::uint64_t before = rounds();
  EXPECT_EQ(result(request, 64, [&](Party& p) { return p.project_to_shares(t.layer, request.masked(t.x, t.in(), 15, 64)); }), t.with_bias);
  if (request.server()) EXPECT_EQ(rounds() - before, 1u);  // the test's own
  before = rounds();
  EXPECT_EQ(result(request, 64, [&](Party& p) { return p.project_back(t.layer, request.share(t.x, t.in(), 15, 64)); }), t.with_bias);
  if (request.server()) EXPECT_EQ(rounds() - before, 1u);
  Masked y;
  if (request.takes_part()) y = request.party().project(t.layer, request.masked(t.x, t.in(), 12, 64));
  EXPECT_EQ(reveal(request.takes_part() ? &y : nullptr, 64), t.with_bias);
}

TEST(Party, ComparisonsAreExactAtTheKnotsAndAtTheEndsOfTheRing) {
  const Request request;
  for (int ring : {10, 25, 58, 64}) {
    const std::int64_t half = std::int64_t{1} << (ring - 2);  // |x - knot| < 2^(ring - 1)
    const std::vector<Word> knots{low(Word(-half / 2), ring), 0, low(Word(half / 2), ring)};
    std::vector<Word> x = around_zero(300, ring - 1, ring, 15);
    for (std::size_t q = 0; q < knots.size(); ++q)
      for (int e = -1; e <= 1; ++e) x[10 + 3 * q + std::size_t(e + 1)] = low(knots[q] + Word(std::int64_t(e)), ring);
    mpc::Bits less;
    if (request.takes_part()) less = request.party().less_than(request.masked(x, {300}, 4, ring), knots);
    const std::vector<Word> got = reveal(request.takes_part() ? &less : nullptr);
    for (std::size_t q = 0; q < knots.size(); ++q)
      for (std::size_t i = 0; i < x.size(); ++i)
        ASSERT_EQ(got[q * x.size() + i], Word(as_signed(x[i], ring) < as_signed(knots[q], ring))) << ring << " " << q << " " << i;
  }
}

TEST(Party, BetweenTheKnotsExactlyOneBitIsSet) {
  const Request request;
  const std::vector<Word> x{0, 5, 6, 9, 10, 1000}, knots{6, 10};
  mpc::Bits inside;
  if (request.takes_part()) inside = request.party().between(request.party().less_than(request.masked(x, {6}, 0, 32), knots));
  EXPECT_EQ(reveal(request.takes_part() ? &inside : nullptr), (std::vector<Word>{1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1}));
}

TEST(Party, TheLedgerCountsWhatARunSends) {
  const Request request;
  const std::vector<Word> x = known_words(700, 49, 16);
  const auto compute = [](Party& p, const Shared& in) {
    const Masked m = p.open(in);
    const mpc::Bits less = p.less_than(reduce(m, 20), {1, 2});
    p.open({p.lift(m)}, {less});
    p.multiply(moved(m, [](const Tensor& t) { return t.reshaped({700}); }), moved(m, [](const Tensor& t) { return t.reshaped({700, 1}); }),
               mpc::ScaleRows());
  };
  mpc::Ledger ledger;
  compute(ledger, Shared{Tensor({7, 100}), 5, 49, false});
  if (!request.takes_part()) return;
  compute(request.party(), request.share(x, {7, 100}, 5, 49));
  const mpc::Costs counted = request.party().costs();
  EXPECT_EQ(counted.key_bytes, ledger.costs().key_bytes);
  if (request.server()) {
    EXPECT_EQ(counted.rounds, ledger.costs().rounds);
    EXPECT_EQ(counted.opened_bytes, ledger.costs().opened_bytes);
    EXPECT_EQ(counted.prg_blocks, ledger.costs().prg_blocks);
  }
  if (request.dealer_request()) EXPECT_EQ(counted.dealt_bytes, ledger.costs().dealt_bytes);
}

}  // namespace
}  // namespace shardlm
