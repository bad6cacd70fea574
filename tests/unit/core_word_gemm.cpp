// word_gemm against the plainest implementation, on every instruction set and as devices run it; exact mod 2^64.
#include <gtest/gtest.h>

#include "../../src/core/word_gemm_host.hpp"
#include "../../src/core/word_gemm_portable.hpp"
#include "core_ring_gemm_case.hpp"
#include "shardlm/core/tensor.hpp"

namespace shardlm {
namespace {

// Words at the ends of the ring and anywhere in it.
struct Held : WordSource {
  std::size_t rows, width;
  std::vector<Word> words;
  Held(std::size_t rows_, std::size_t columns_) : rows(rows_), width(columns_), words(test::extreme_words(word_matrix_words(rows_, columns_))) {}
  const Word* columns(std::size_t panel, std::size_t first, std::size_t, Word*) const override {
    return words.data() + (panel * width + first) * kWordPanel;
  }
  void panels(std::size_t first, std::size_t some, const Array<Word>& out) const override {
    const Tensor all = to_device(words, {words.size()});
    const std::size_t size = width * kWordPanel;
    Kokkos::deep_copy(Kokkos::subview(out, std::make_pair(std::size_t{0}, some * size)),
                      Kokkos::subview(all.data(), std::make_pair(first * size, (first + some) * size)));
  }
};

std::vector<Word> product(const Held& w, const std::vector<Word>& x, std::size_t tokens) {
  std::vector<Word> y(tokens * w.rows, 0);
  for (std::size_t t = 0; t < tokens; t++)
    for (std::size_t r = 0; r < w.rows; r++)
      for (std::size_t c = 0; c < w.width; c++) y[t * w.rows + r] += w.words[word_index(r, c, w.width)] * x[t * w.width + c];
  return y;
}

void expect_exact(std::size_t rows, std::size_t columns, std::size_t tokens) {
  const Held w(rows, columns);
  const std::vector<Word> x = test::extreme_words(tokens * columns), expected = product(w, x, tokens);
  const std::string shape = std::to_string(tokens) + " tokens, " + std::to_string(columns) + " -> " + std::to_string(rows);
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa > shardlm::isa()) continue;
    std::vector<Word> y(expected.size());
    detail::word_gemm_host(detail::word_gemm_kernels(isa), w, rows, columns, x.data(), tokens, y.data());
    EXPECT_EQ(y, expected) << shape << ", " << name(isa);
  }
  std::vector<Word> one(expected.size()), eight(expected.size());
  detail::word_gemm_portable<HostExec, 1>(w.words.data(), rows, 0, rows, columns, x.data(), tokens, one.data(), 1);
  detail::word_gemm_portable<HostExec, 8>(w.words.data(), rows, 0, rows, columns, x.data(), tokens, eight.data(), 1);
  HostExec().fence();
  EXPECT_EQ(one, expected) << shape << ", a token a team";
  EXPECT_EQ(eight, expected) << shape << ", eight tokens a team";

  const Tensor in = to_device(x, {x.size()});
  const Array<Word> out = uninitialized<Word>("y", expected.size());
  word_gemm(w, rows, columns, in.data(), tokens, out);
  EXPECT_EQ(to_host(Tensor({expected.size()}, out)), expected) << shape << ", as programs call it";
}

TEST(WordGemm, IsExactForAllShapes) {
  for (std::size_t columns : {1, 15, 256, 300})
    for (std::size_t rows : {1, 7, 8, 33})
      for (std::size_t tokens : {1, 2, 9, 10, 11, 19}) expect_exact(rows, columns, tokens);
}

TEST(WordGemm, IsExactForManyTokens) { expect_exact(17, 260, 200); }

TEST(WordGemm, RefusesOtherExtents) {
  const Held w(8, 4);
  const Array<Word> three = uninitialized<Word>("x", 3), eight = uninitialized<Word>("y", 8);
  EXPECT_THROW(word_gemm(w, 8, 4, three, 1, eight), Error);
}

}  // namespace
}  // namespace shardlm
