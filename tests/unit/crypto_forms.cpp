// Every form of the kernels - scalar lanes as on a device, and each instruction set - gives the same bits.
#include "crypto_batches.hpp"

#include <functional>

namespace shardlm::crypto {
namespace {

constexpr std::size_t kKeys = 1201;  // three chunks of tiles, the last tile not full

void expect_same(const char* what, const std::function<std::vector<Word>()>& result) {
  std::vector<Word> want;
  for (Form form : EveryForm()) {
    set_form(form);
    const std::vector<Word> got = result();
    if (want.empty()) want = got;
    ASSERT_FALSE(got.empty());
    ASSERT_EQ(got, want) << what << " on " << name(form);
  }
}

std::vector<Word> joined(const TwoColumns& columns) {
  std::vector<Word> all = to_vector(columns.a);
  const std::vector<Word> b = to_vector(columns.b);
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

TEST(Forms, GenerateTheSameKeys) {
  for (int m : {1, 9, 10, 12, 31, 32, 33, 64})
    expect_same("generate", [&] {
      const Dealt dealt = deal(m, random_words(m, kKeys));
      std::vector<Word> all = dealt.signs;
      for (std::uint32_t word : to_vector(dealt.keys[0].corrections)) all.push_back(word);
      return all;
    });
}

TEST(Forms, LookUpTheSameInLineTables) {
  std::vector<std::int64_t> value(514), slope(514);
  for (int i = 0; i < 514; ++i) value[i] = i < 512 ? i * 7919 % 3000017 : 500 + 7 * i, slope[i] = i < 512 ? i * 31 % 100 : 100;
  for (int m : {10, 11, 12, 13, 14, 16}) {
    const LineTable table(m, line_column(m, value), line_column(m, slope));
    const Dealt dealt = deal(m, random_words(m, kKeys));
    for (int party : {0, 1})
      expect_same("line look-up", [&] { return joined(look_up(table, dealt.keys[party], to_array(random_words(2, kKeys)))); });
  }
}

TEST(Forms, LookUpTheSameInCellTables) {
  for (int m : {10, 12, 14, 15}) {
    const CellTable table(m, reciprocal_cells(m));
    const std::size_t keys = m < 14 ? kKeys : 40;
    const Dealt dealt = deal(m, random_words(m, keys));
    for (int party : {0, 1}) expect_same("cell look-up", [&] { return to_vector(look_up(table, dealt.keys[party], to_array(random_words(2, keys)))); });
  }
}

TEST(Forms, LookUpTheSameInWindowTables) {
  std::vector<std::int32_t> a(261), b(261);
  for (int i = 0; i < 261; ++i) a[i] = i * 7919 % 2000003, b[i] = -i * 31;
  const WindowTable table(-256, a, b);
  for (int m : {10, 25, 40, 64}) {
    const Dealt dealt = deal(m, random_words(m, kKeys));
    for (int party : {0, 1}) expect_same("window look-up", [&] { return joined(look_up(table, dealt.keys[party], to_array(random_words(2, kKeys)))); });
  }
}

TEST(Forms, CompareTheSame) {
  for (int m : {5, 24, 33, 63}) {
    const Dealt dealt = deal(m, random_words(m, kKeys));
    for (int party : {0, 1}) expect_same("prefix", [&] { return to_vector(prefix(dealt.keys[party], to_array(random_words(2, 3 * kKeys)))); });
  }
}

TEST(Forms, ExpandTheSame) {
  for (int m : {4, 9, 13}) {
    const Dealt dealt = deal(m, random_words(m, 33));
    expect_same("expand", [&] {
      const auto words = to_vector(expand(dealt.keys[1]));
      return std::vector<Word>(words.begin(), words.end());
    });
  }
}

}  // namespace
}  // namespace shardlm::crypto
