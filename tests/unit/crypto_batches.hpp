// What the tests of crypto share: batches of DPF keys for both servers, and copies to and from the execution space's memory.
#pragma once

#include "../../src/crypto/launch.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/isa.hpp"
#include "shardlm/core/ring.hpp"
#include "shardlm/crypto/dpf.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shardlm::crypto {

template <class T>
Array<T> to_array(const std::vector<T>& values) {
  Array<T> out("values", values.size());
  Kokkos::deep_copy(out, HostArray<const T>(values.data(), values.size()));
  return out;
}

template <class T>
std::vector<T> to_vector(const Array<T>& values) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), values);
  return std::vector<T>(host.data(), host.data() + host.size());
}

inline std::vector<Word> all_words(std::size_t n) {
  std::vector<Word> words(n);
  for (std::size_t i = 0; i < n; ++i) words[i] = i;
  return words;
}

inline std::vector<Word> random_words(std::uint32_t seed, std::size_t n, int k = 64) { return to_vector(Stream(Key{seed, 77}).words(n, k)); }

// Both servers' keys, as only a test may hold them together.
struct Dealt {
  DpfKeys keys[2];
  std::vector<Word> alpha, signs;
};

inline Dealt deal(int m, const std::vector<Word>& alpha, const Tweak& tweak = {{1, 2, 3, 4}, (Word{1} << 32) - 5}, std::uint32_t seed = 1) {
  const std::size_t n = alpha.size();
  Stream streams[2] = {Stream(Key{seed, 0}), Stream(Key{seed, 1})};
  const Array<std::uint32_t> roots[2] = {streams[0].roots(n), streams[1].roots(n)};
  const DpfBatch batch = generate(m, to_array(alpha), roots[0], roots[1], tweak);
  Dealt dealt{{}, alpha, to_vector(batch.signs)};
  for (int party : {0, 1}) dealt.keys[party] = DpfKeys{m, n, party, tweak, roots[party], batch.corrections};
  return dealt;
}

// Every form of the kernels that this machine can run; `best` is put back at the end of the test.
struct EveryForm {
  std::vector<Form> forms{Form::scalar, Form::baseline};
  EveryForm() {
    if (isa() >= Isa::avx2) forms.push_back(Form::avx2);
    if (isa() >= Isa::avx512) forms.push_back(Form::avx512);
  }
  ~EveryForm() { set_form(Form::best); }
  auto begin() const { return forms.begin(); }
  auto end() const { return forms.end(); }
};

inline const char* name(Form form) {
  const char* names[] = {"best", "scalar", "baseline", "avx2", "avx512"};
  return names[static_cast<int>(form)];
}

// A table with SiLU's shape: the cells -256 .. 257 are given, and go on with zeros and with the last two cells' line.
inline std::vector<Word> line_column(int m, const std::vector<std::int64_t>& around_zero) {
  std::vector<Word> cells(std::size_t{1} << m, 0);
  const std::int64_t half = std::int64_t{1} << (m - 1);
  for (std::int64_t cell = -256; cell < half; ++cell) {
    const std::int64_t value = cell < 258 ? around_zero[cell + 256] : around_zero[512] + (cell - 256) * (around_zero[513] - around_zero[512]);
    cells[cell & (2 * half - 1)] = static_cast<Word>(value);
  }
  return cells;
}

// 1 / (c / 2^(m-2)) at scale 15 in the cells from 2^(m-2) on, what softmax reads by binade; cell 0 stands for the cell past the last.
inline std::vector<std::int32_t> reciprocal_cells(int m) {
  std::vector<std::int32_t> cells(std::size_t{1} << m, 0);
  const double one = std::ldexp(1.0, m - 2);
  for (std::size_t c = cells.size() / 4; c < cells.size(); ++c) cells[c] = static_cast<std::int32_t>(encode(1 / (c / one), 15));
  cells[0] = 1 << 13;
  return cells;
}

}  // namespace shardlm::crypto
