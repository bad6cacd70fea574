// Look-ups, splines, selections by sign and the output, on four real ranks, against exact integer arithmetic.
#include "four_ranks.hpp"

#include "shardlm/core/ring.hpp"

namespace shardlm {
namespace {

using mpc::LookedUp;
using mpc::Masked;
using mpc::Party;
using mpc::Shared;
using testing::known_words;
using testing::Request;
using testing::reveal;

// Columns as a LineTable takes them: anything in the cells [-256, 256), zero below, a line above.
std::vector<Word> line_column(int m, Word slope, Word spread) {
  const std::int64_t cells = std::int64_t{1} << m;
  std::vector<Word> column(cells);
  for (std::int64_t z = 0; z < cells; ++z) {
    const std::int64_t c = z >= cells / 2 ? z - cells : z;
    const Word inside = Word(c * 37) % spread + (c >= 0 ? slope * Word(c) : 0);
    column[z] = c < -256 ? 0 : c < 256 ? inside : slope * Word(c);
  }
  return column;
}

// Every rank's result of one computation, revealed together.
struct Read {
  std::vector<Word> a, b, sign, remainder, spline, times;
};

TEST(PartyTables, ALookUpIsTheCellOrItsNeighbourAndASplineItsExactLine) {
  for (int m : {12, 13}) {
    const Request request;
    const int ring = 49, drop = 8;
    const std::size_t n = 3000;
    const std::vector<Word> A = line_column(m, 1 << 14, 1 << 20), B = line_column(m, 0, 100);
    // Gates over the table's whole domain but its two ends, where the neighbour is the other end; and close to zero.
    std::vector<Word> x = known_words(n, m + drop, 31), u = known_words(n, ring, 32);
    for (std::size_t i = 0; i < n; ++i) {
      if (i % 2) x[i] %= 1 << 14;
      const Word half = Word{1} << (i % 2 ? 13 : m + drop - 1);
      x[i] = low(std::min(x[i], 2 * half - 300) - half, ring);
    }
    Read read;
    LookedUp found;
    Shared spline, times;
    Masked rest;
    if (request.takes_part()) {
      Party& p = request.party();
      const Masked gate = request.masked(x, {n}, 12, ring), up = request.masked(u, {n}, 12, ring);
      found = p.look_up(crypto::LineTable(m, A, B), gate, drop, ring, 18, 6);
      const Party::Opened opened = p.open({found.a, found.b});
      rest = remainder(gate, drop, ring);
      spline = p.spline(opened.masked[0], opened.masked[1], found.sign, rest);
      times = p.spline(opened.masked[0], opened.masked[1], found.sign, rest, up);
    }
    const bool in = request.takes_part();
    read.a = reveal(in ? &found.a : nullptr, ring);
    read.b = reveal(in ? &found.b : nullptr, ring);
    read.sign = reveal(in ? &found.sign : nullptr);
    read.remainder = reveal(in ? &rest : nullptr, ring);
    read.spline = reveal(in ? &spline : nullptr, ring);
    read.times = reveal(in ? &times : nullptr, ring);
    std::size_t minus = 0, upper = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const Word sign = read.sign[i], mask = (Word{1} << m) - 1;
      ASSERT_TRUE(sign == 1 || sign == ~Word{0});
      minus += sign != 1;
      const Word floor = Word(as_signed(x[i], ring) >> drop) & mask, next = (floor + 1) & mask;
      const Word a = low(sign * read.a[i], ring), b = low(sign * read.b[i], ring);
      const bool is_floor = a == low(A[floor], ring) && b == low(B[floor], ring), is_next = a == low(A[next], ring) && b == low(B[next], ring);
      ASSERT_TRUE(is_floor || is_next) << i;
      upper += is_next;
      ASSERT_EQ(read.spline[i], low(a + b * read.remainder[i], ring)) << i;
      ASSERT_EQ(read.times[i], low((a + b * read.remainder[i]) * u[i], ring)) << i;
    }
    // Signs are coins: 1500 +- 27; eleven standard deviations. The index rounds up for the half of the masks, about.
    EXPECT_GT(minus, n / 2 - 300);
    EXPECT_LT(minus, n / 2 + 300);
    EXPECT_GT(upper, n / 4);
  }
}

TEST(PartyTables, AWindowIsReadInsideAndIsZeroOutsideHoweverFar) {
  const Request request;
  const int ring = 33, drop = 8, first = -256, count = 261;
  std::vector<std::int32_t> a(count), b(count);
  for (int c = 0; c < count; ++c) a[c] = 1 << 20 >> (c % 9), b[c] = c;
  std::vector<Word> x = known_words(3000, 17, 41);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = i % 3 ? low(x[i] - 70000, ring) : known_words(1, ring - 1, std::uint32_t(i))[0];
  const std::size_t n = x.size();
  LookedUp found;
  if (request.takes_part()) found = request.party().look_up(crypto::WindowTable(first, a, b), request.masked(x, {n}, 12, ring), drop, 20, 8);
  const bool in = request.takes_part();
  const std::vector<Word> got_a = reveal(in ? &found.a : nullptr, 64), got_b = reveal(in ? &found.b : nullptr, 64), sign = reveal(in ? &found.sign : nullptr);
  const auto cell = [&](const std::vector<std::int32_t>& column, std::int64_t c) {
    return c >= first && c < first + count ? Word(std::int64_t(column[c - first])) : Word{0};
  };
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t floor = as_signed(x[i], ring) >> drop;
    const Word va = sign[i] * got_a[i], vb = sign[i] * got_b[i];
    ASSERT_TRUE((va == cell(a, floor) && vb == cell(b, floor)) || (va == cell(a, floor + 1) && vb == cell(b, floor + 1))) << i << " " << floor;
  }
}

TEST(PartyTables, CellsAreReadInEveryPairOfBinadesAndTheTopmostWrapsToTheFirst) {
  const Request request;
  const int m = 14;
  std::vector<std::int32_t> cells(1 << m, 0);
  for (int z = 1 << 12; z < 1 << 14; ++z) cells[z] = 40000 - z * 2;
  cells[0] = 7777;
  const std::vector<int> drops{2, 4, 10};
  std::vector<Word> x;
  for (int drop : drops)
    for (std::size_t i = 0; i < 500; ++i) x.push_back((Word{1} << (12 + drop)) + known_words(500, 24, std::uint32_t(drop))[i] % (Word{3} << (12 + drop)));
  for (int drop : drops) x.insert(x.end(), 200, (Word{1} << (14 + drop)) - 1);  // the topmost cell
  const std::size_t n = x.size();
  mpc::LookedUpCells found;
  if (request.takes_part()) found = request.party().look_up(crypto::CellTable(m, cells), request.masked(x, {n}, 0, 60), drops, 15);
  const bool in = request.takes_part();
  const std::vector<Word> value = reveal(in ? &found.value : nullptr, 64), sign = reveal(in ? &found.sign : nullptr);
  std::size_t wrapped = 0;
  for (std::size_t e = 0; e < drops.size(); ++e)
    for (std::size_t i = 0; i < n; ++i) {
      const Word floor = low(x[i] >> drops[e], m), next = low(floor + 1, m), got = sign[e * n + i] * value[e * n + i];
      ASSERT_TRUE(got == Word(std::int64_t(cells[floor])) || got == Word(std::int64_t(cells[next]))) << e << " " << i;
      wrapped += floor == (1u << m) - 1 && got == 7777;
    }
  EXPECT_GT(wrapped, 0u);
}

TEST(PartyTables, ASignIsRemovedWithABit) {
  const Request request;
  const int m = 14;
  const std::size_t n = 256;
  const std::vector<std::int32_t> cells(1 << m, 1234);  // whatever the index
  const std::vector<Word> flags = known_words(n, 1, 51);
  Shared got;
  if (request.takes_part()) {
    Party& p = request.party();
    const mpc::LookedUpCells found = p.look_up(crypto::CellTable(m, cells), request.masked(known_words(n, 20, 52), {n}, 0, 40), {3}, 15);
    const Party::Opened opened = p.open({found.value}, {{request.share(flags, {1, n}, 0, 1).x}});
    got = p.signed_select(opened.masked[0], found.sign, opened.bits[0]);
  }
  const std::vector<Word> value = reveal(request.takes_part() ? &got : nullptr, 64);
  for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(value[i], flags[i] * 1234);
}

TEST(PartyTables, TheClientGetsTheSumAndSharesThatChangeFromRequestToRequest) {
  const std::vector<Word> x = known_words(500, 64, 61);
  std::vector<std::vector<Word>> before;
  for (int run = 0; run < 2; ++run) {
    const Request request;
    if (request.takes_part()) {
      Party& p = request.party();
      p.output(p.lift(request.masked(x, {1, 500}, 27, 64)));
      continue;
    }
    std::vector<Word> sum(500, 0);
    for (net::Role from : {net::Role::server0, net::Role::server1, net::Role::dealer}) {
      net::Packet packet(500 * sizeof(Word));
      net::Transfer transfer = testing::world().receive(from, net::Lane::output, net::Kind::logits, request.id(), packet);
      testing::world().finish(transfer);
      std::vector<Word> share(500);
      std::memcpy(share.data(), packet.data(), packet.size);
      for (std::size_t i = 0; i < 500; ++i) sum[i] += share[i];
      for (const std::vector<Word>& other : before)
        for (std::size_t i = 0; i < 500; ++i) ASSERT_NE(share[i], other[i]);  // a chance of 2^-64 each
      before.push_back(share);
    }
    EXPECT_EQ(sum, x);
  }
}

}  // namespace
}  // namespace shardlm
