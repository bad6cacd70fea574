// Rows of a public table from two servers: that shares of a row sum to the row, bit for bit.
#include "crypto_row_tables.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <numeric>

namespace shardlm::crypto {
namespace {

TEST(DpfRows, ExpansionsSumToOneAtTheRowAndToZeroElsewhere) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (int m : {3, 4, 5, 7}) {
      SCOPED_TRACE(std::string(crypto::name(form)) + ", m = " + std::to_string(m));
      const Numbers one = identity(m);
      Rows every(one.rows);
      std::iota(every.begin(), every.end(), 0);
      expect_rows(one, m, every, 0);
    }
  }
}

TEST(DpfRows, SharesSumToTheEncodedRowInEveryFormat) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (RowFormat format : kFormats)
      for (int scale : {30, 0, 17, 62}) {
        SCOPED_TRACE(crypto::name(form));
        const Numbers some = numbers(format, 100, 37, scale);
        Rows every(some.rows);
        std::iota(every.begin(), every.end(), 0);
        expect_rows(some, 7, every, scale);
      }
  }
}

TEST(DpfRows, TablesOfEverySizeFirstRowLastRowAndDuplicates) {
  const std::size_t shapes[][2] = {{1, 1},   {7, 16},    {8, 15},    {9, 17},   {31, 32},   {32, 16},
                                   {33, 48}, {1023, 20}, {1024, 16}, {1025, 3}, {2080, 33}, {5000, 8}};
  for (Form form : EveryForm()) {
    set_form(form);
    for (const auto& shape : shapes)
      for (RowFormat format : kFormats) {
        SCOPED_TRACE(crypto::name(form));
        const Numbers some = numbers(format, shape[0], shape[1], 30);
        const auto last = static_cast<std::uint32_t>(shape[0] - 1);
        expect_rows(some, row_bits(shape[0]), {last}, 30);
        expect_rows(some, row_bits(shape[0]) + 3, {0, last, last / 2, 0, last}, 30);
      }
  }
}

TEST(DpfRows, AnyNumberOfTokens) {
  const Numbers some = numbers(RowFormat::bf16, 1100, 24, 30);
  for (Form form : EveryForm()) {
    set_form(form);
    for (std::uint32_t tokens : {1, 2, 3, 4, 5, 9, 10, 11, 19, 32, 33, 70}) {
      SCOPED_TRACE(crypto::name(form));
      Rows rows(tokens);
      for (std::uint32_t t = 0; t < tokens; ++t) rows[t] = t * 379 % 1100;
      expect_rows(some, 11, rows, 30);
    }
  }
}

TEST(DpfRows, EveryDomainFromTheSmallestToThatOfAVocabulary) {
  for (Form form : EveryForm()) {
    set_form(form);
    for (int m = 3; m <= 18; ++m) {
      SCOPED_TRACE(crypto::name(form));
      const std::size_t rows = std::size_t{1} << m;
      const Numbers some = numbers(RowFormat::bf16, rows - rows / 5, 2, 30);
      const auto last = static_cast<std::uint32_t>(some.rows - 1);
      expect_rows(some, m, {last / 3, last}, 30);
    }
  }
}

TEST(DpfRows, ADomainMayBeMuchLargerThanTheTable) {
  const Numbers some = numbers(RowFormat::f16, 3000, 16, 30);
  for (Form form : EveryForm()) {
    set_form(form);
    expect_rows(some, kMostRowBits, {0, 2999, 3000, (1u << 30) - 1}, 30);  // rows beyond the table are zero
  }
}

TEST(DpfRows, EveryFormGivesAServerTheSameShare) {
  const Numbers some = numbers(RowFormat::bf16, 2500, 40, 30);
  const RowKeys keys = make_row_keys(12, {17, 2499, 1024, 17, 0});
  for (int party : {0, 1}) {
    std::vector<Word> want;
    for (Form form : EveryForm()) {
      set_form(form);
      const std::vector<Word> got = share(some.table(), party, 12, keys.server[party], 5, 30);
      if (want.empty()) want = got;
      ASSERT_EQ(got, want) << crypto::name(form);
    }
  }
}

// The table ends where memory does: reading beyond it would end the program.
TEST(DpfRows, NothingBeyondTheTableIsRead) {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), room = 64 * page;
  auto* memory = static_cast<std::uint8_t*>(mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(memory + room, page, PROT_NONE), 0);
  for (Form form : EveryForm()) {
    set_form(form);
    for (RowFormat format : kFormats)
      for (std::size_t columns : {1, 16, 37})
        for (std::size_t rows : {8, 31, 32, 1030}) {
          const Numbers some = numbers(format, rows, columns, 30);
          std::uint8_t* at = memory + room - some.bytes.size();
          std::memcpy(at, some.bytes.data(), some.bytes.size());
          const auto last = static_cast<std::uint32_t>(rows - 1);
          ASSERT_EQ(read_rows(RowTable(format, at, rows, columns), 11, {last}, 30), some.row(last, 30)) << crypto::name(form) << " " << name(format);
        }
  }
  munmap(memory, room + page);
}

TEST(DpfRows, NoTokens) {
  const Numbers some = numbers(RowFormat::f32, 10, 5, 30);
  const RowKeys keys = make_row_keys(4, {});
  EXPECT_EQ(keys.server[1].size(), row_key_bytes(4, 0));
  EXPECT_EQ(weighted_rows(some.table(), 1, 4, keys.server[1].data(), keys.server[1].size(), 0, 30).shape(), (Shape{0, 5}));
}

// A pass takes 32 tokens on a CPU; kernels for any space take as many as fit.
TEST(DpfRows, BetweenPassesTheCallerHasTheFloor) {
  const Numbers some = numbers(RowFormat::bf16, 10, 5, 30);
  const RowKeys keys = make_row_keys(4, std::vector<std::uint32_t>(70, 3));
  const std::vector<std::uint8_t>& message = keys.server[1];
  int calls = 0;
  const Tensor with = weighted_rows(some.table(), 1, 4, message.data(), message.size(), 70, 30, [&calls] { ++calls; });
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 3);
  EXPECT_EQ(to_host(with), share(some.table(), 1, 4, message, 70, 30));
  const auto fails = [] { throw Error("server 0: the disk is full"); };
  EXPECT_THROW(weighted_rows(some.table(), 1, 4, message.data(), message.size(), 70, 30, fails), Error);
}

}  // namespace
}  // namespace shardlm::crypto
