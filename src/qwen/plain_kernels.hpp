// The layers of Qwen2.5 on float matrices, [tokens][channels].
#pragma once

#include "plain_weights.hpp"

namespace shardlm::qwen::plain {

FloatMatrix new_matrix(std::size_t rows, std::size_t columns);

// h = x / sqrt(mean(x^2) + epsilon) * gains, a row each.
void rms_norm(const FloatMatrix& x, const Floats& gains, double epsilon, const FloatMatrix& h);

// y = beta y + x w^T.
void linear(const FloatMatrix& w, const FloatMatrix& x, float beta, const FloatMatrix& y);

// Adds a vector to every row.
void add_bias(const FloatMatrix& y, const Floats& bias);

struct HeadShape {
  std::size_t heads, kv_heads, dim;
};

// Rotates q within qkv and k on its way into keys; copies v into values. angles: [tokens][dim / 2][2], cosine and sine.
// RoPE (Su et al., arXiv 2104.09864, as Qwen2 pairs channels): channels i and i + dim / 2 turn by position * theta^(-2 i / dim).
void rotate_and_keep(const FloatMatrix& qkv, const Floats& angles, HeadShape shape, std::size_t past, const FloatMatrix& keys,
                     const FloatMatrix& values);

// out = softmax(scale q k^T) v, every head and token; token t sees the first past + t + 1 keys. rounded: scores and weights to bfloat16.
void attention(const FloatMatrix& qkv, const FloatMatrix& keys, const FloatMatrix& values, HeadShape shape, std::size_t past, float scale,
               bool rounded, const FloatMatrix& out);

// m = silu(gate) up, where a row holds gate, then up. rounded: silu(gate) to bfloat16.
void swiglu(const FloatMatrix& gate_up, bool rounded, const FloatMatrix& m);

// x += y.
void add(const FloatMatrix& x, const FloatMatrix& y);

// Every number to the nearest bfloat16, ties to even.
void round_to_bfloat16(const FloatMatrix& x);
void round_to_bfloat16(const Floats& x);

// The largest magnitude in columns first .. first + n - 1; the largest row norm; the largest |scale q k| that attention sees.
float largest(const FloatMatrix& x, std::size_t first, std::size_t n);
float largest_row_norm(const FloatMatrix& x);
float largest_score(const FloatMatrix& qkv, const FloatMatrix& keys, HeadShape shape, std::size_t past, float scale);

}  // namespace shardlm::qwen::plain
