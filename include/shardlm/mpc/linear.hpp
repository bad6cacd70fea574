// Linear layers, with public or secret weights, and the bilinear maps, as Party takes them.
#pragma once

#include "shardlm/core/ring_gemm.hpp"
#include "shardlm/core/tensor.hpp"
#include "shardlm/core/word_gemm.hpp"

#include <memory>

namespace shardlm::mpc {

// y = W x + bias. W is [rows][columns] at `scale`; without weights it stands for its shape alone (Ledger).
// Secret: W = W_0 + W_1 mod 2^64, server b holds W_b alone, as `share`; the dealer, the model's owner, holds W and the bias.
struct Linear {
  std::size_t rows = 0, columns = 0;
  int scale = 0;
  RingMatrix weights;
  Array<const Word> bias;  // [rows] at the result's scale, or empty
  bool secret = false;
  std::shared_ptr<const WordSource> share = nullptr;
};

// y[.., rows] = x[.., columns] W^T mod 2^64, without the bias.
Tensor apply(const Linear& layer, const Tensor& x);
// The same with this server's share of W.
Tensor apply_share(const Linear& layer, const Tensor& x);
// y + bias for every row of y; y itself where there is none.
Tensor plus_bias(const Linear& layer, const Tensor& y);

// A map that is linear in both operands, on ring words mod 2^64.
class Bilinear {
 public:
  virtual ~Bilinear() = default;
  virtual Shape shape(const Shape& a, const Shape& b) const = 0;  // throws Error where the operands do not fit
  virtual Tensor apply(const Tensor& a, const Tensor& b) const = 0;
};

// a [rows], b [rows][columns]: every row of b times its own factor.
class ScaleRows : public Bilinear {
 public:
  Shape shape(const Shape& a, const Shape& b) const override;
  Tensor apply(const Tensor& a, const Tensor& b) const override;
};

// a, b [rows][columns] -> [rows]: the sum of their products, column by column.
class RowProducts : public Bilinear {
 public:
  Shape shape(const Shape& a, const Shape& b) const override;
  Tensor apply(const Tensor& a, const Tensor& b) const override;
};

// Element by element.
class Elementwise : public Bilinear {
 public:
  Shape shape(const Shape& a, const Shape& b) const override;
  Tensor apply(const Tensor& a, const Tensor& b) const override;
};

// Which earlier tokens each of T new ones attends to: token i to the first past + i + 1 of N = past + T. Pairs lie packed, row
// after row: row i starts at offset(i).
struct Causal {
  std::size_t past = 0, tokens = 0;
  KOKKOS_INLINE_FUNCTION std::size_t length(std::size_t i) const { return past + i + 1; }
  KOKKOS_INLINE_FUNCTION std::size_t offset(std::size_t i) const { return i * past + i * (i + 1) / 2; }
  KOKKOS_INLINE_FUNCTION std::size_t pairs() const { return offset(tokens); }
};

// Grouped-query scores: a = q [heads][T][d], b = k [kv heads][capacity][d] -> [heads][pairs] of the causal pairs.
class Scores : public Bilinear {
 public:
  explicit Scores(Causal causal) : causal_(causal) {}
  Shape shape(const Shape& a, const Shape& b) const override;
  Tensor apply(const Tensor& a, const Tensor& b) const override;

 private:
  Causal causal_;
};

// Weighted values: a = e [heads][pairs], b = v [kv heads][capacity][d] -> [heads][T][d].
class Weighted : public Bilinear {
 public:
  explicit Weighted(Causal causal) : causal_(causal) {}
  Shape shape(const Shape& a, const Shape& b) const override;
  Tensor apply(const Tensor& a, const Tensor& b) const override;

 private:
  Causal causal_;
};

}  // namespace shardlm::mpc
