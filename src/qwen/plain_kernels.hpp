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

// out = softmax(scale q k^T) v, every head and token; token t sees the first past + t + 1 keys.
void attention(const FloatMatrix& qkv, const FloatMatrix& keys, const FloatMatrix& values, HeadShape shape, std::size_t past, float scale,
               const FloatMatrix& out);

// m = silu(gate) up, where a row holds gate, then up.
void swiglu(const FloatMatrix& gate_up, const FloatMatrix& m);

}  // namespace shardlm::qwen::plain
