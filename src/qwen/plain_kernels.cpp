#include "plain_kernels.hpp"

#include <KokkosBlas2_gemv.hpp>
#include <KokkosBlas3_gemm.hpp>
#include <algorithm>
#include <cmath>

#include "bfloat16.hpp"

namespace shardlm::qwen::plain {
namespace {

using Team = Kokkos::TeamPolicy<Exec>;
using Member = Team::member_type;

// Kokkos Kernels' own gemm works on blocks of some 24 rows, so that few rows are faster one by one.
constexpr std::size_t kFewRows = 8;
// Scores in memory at a time.
constexpr std::size_t kScores = std::size_t{1} << 24;

// Tokens first .. first + scores.extent(0) / heads - 1; a row of scores for each of their heads.
void attend(const FloatMatrix& qkv, const FloatMatrix& keys, const FloatMatrix& values, HeadShape shape, std::size_t past, float scale,
            bool rounded, std::size_t first, const FloatMatrix& scores, const FloatMatrix& out) {
  const std::size_t d = shape.dim, heads = shape.heads, group = shape.heads / shape.kv_heads;
  Kokkos::parallel_for(
      "shardlm::plain::attention", Team(static_cast<int>(scores.extent(0)), Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
        const std::size_t row = team.league_rank(), t = first + row / heads, head = row % heads;
        const std::size_t seen = past + t + 1, q = head * d, k = head / group * d;
        float top = 0, total = 0;
        Kokkos::parallel_reduce(
            Kokkos::TeamThreadRange(team, seen),
            [&](const std::size_t j, float& most) {
              float s = 0;
              for (std::size_t i = 0; i < d; ++i) s += qkv(t, q + i) * keys(j, k + i);
              s = rounded ? nearest_bfloat16(nearest_bfloat16(s) * scale) : s * scale;
              scores(row, j) = s;
              most = most < s ? s : most;
            },
            Kokkos::Max<float>(top));
        team.team_barrier();
        Kokkos::parallel_reduce(
            Kokkos::TeamThreadRange(team, seen),
            [&](const std::size_t j, float& sum) {
              const float e = ::expf(scores(row, j) - top);
              scores(row, j) = e;
              sum += e;
            },
            total);
        team.team_barrier();
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, d), [&](const std::size_t i) {
          float sum = 0;
          if (rounded) {
            for (std::size_t j = 0; j < seen; ++j) sum += nearest_bfloat16(scores(row, j) / total) * values(j, k + i);
            out(t, q + i) = sum;
          } else {
            for (std::size_t j = 0; j < seen; ++j) sum += scores(row, j) * values(j, k + i);
            out(t, q + i) = sum / total;
          }
        });
      });
}

}  // namespace

FloatMatrix new_matrix(std::size_t rows, std::size_t columns) {
  return FloatMatrix(Kokkos::view_alloc(std::string("shardlm::plain::matrix"), Kokkos::WithoutInitializing), rows, columns);
}

void rms_norm(const FloatMatrix& x, const Floats& gains, double epsilon, const FloatMatrix& h) {
  const std::size_t columns = x.extent(1);
  Kokkos::parallel_for(
      "shardlm::plain::norm", Team(static_cast<int>(x.extent(0)), Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
        const std::size_t t = team.league_rank();
        double squares = 0;
        Kokkos::parallel_reduce(
            Kokkos::TeamThreadRange(team, columns),
            [&](const std::size_t c, double& sum) { sum += static_cast<double>(x(t, c)) * x(t, c); }, squares);
        const auto inverse = static_cast<float>(1 / ::sqrt(squares / columns + epsilon));
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, columns), [&](const std::size_t c) { h(t, c) = x(t, c) * inverse * gains(c); });
      });
}

// Sums of some hundred products at a time, and then their sum: one float that gathers thousands, as these kernels would, loses two
// digits where some products are much larger than the others, and those of Qwen's first token are.
void linear(const FloatMatrix& w, const FloatMatrix& x, float beta, const FloatMatrix& y) {
  constexpr std::size_t kColumns = 128;
  const FloatMatrix part = new_matrix(y.extent(0), y.extent(1));
  for (std::size_t first = 0; first < w.extent(1); first += kColumns) {
    const auto some = Kokkos::make_pair(first, std::min(first + kColumns, w.extent(1)));
    const auto columns = Kokkos::subview(w, Kokkos::ALL, some);
    if (x.extent(0) >= kFewRows) {
      KokkosBlas::gemm("N", "T", 1.0f, Kokkos::subview(x, Kokkos::ALL, some), columns, 0.0f, part);
    } else {
      for (std::size_t t = 0; t < x.extent(0); ++t)
        KokkosBlas::gemv("N", 1.0f, columns, Kokkos::subview(x, t, some), 0.0f, Kokkos::subview(part, t, Kokkos::ALL));
    }
    if (first == 0 && beta == 0) {
      Kokkos::deep_copy(y, part);
    } else {
      add(y, part);
    }
  }
}

void add_bias(const FloatMatrix& y, const Floats& bias) {
  const std::size_t columns = y.extent(1);
  Kokkos::parallel_for(
      "shardlm::plain::bias", Kokkos::RangePolicy<Exec>(0, y.size()),
      KOKKOS_LAMBDA(const std::size_t i) { y(i / columns, i % columns) += bias(i % columns); });
}

void rotate_and_keep(const FloatMatrix& qkv, const Floats& angles, HeadShape shape, std::size_t past, const FloatMatrix& keys,
                     const FloatMatrix& values) {
  const std::size_t half = shape.dim / 2, heads = shape.heads, all = shape.heads + shape.kv_heads;
  const std::size_t width = shape.kv_heads * shape.dim, d = shape.dim;
  Kokkos::parallel_for(
      "shardlm::plain::rope", Kokkos::RangePolicy<Exec>(0, qkv.extent(0) * all * half), KOKKOS_LAMBDA(const std::size_t index) {
        const std::size_t t = index / (all * half), head = index / half % all, i = index % half, c = head * d + i;
        const float cosine = angles((t * half + i) * 2), sine = angles((t * half + i) * 2 + 1), a = qkv(t, c), b = qkv(t, c + half);
        const float first = a * cosine - b * sine, second = b * cosine + a * sine;
        if (head < heads) {
          qkv(t, c) = first;
          qkv(t, c + half) = second;
        } else {
          keys(past + t, c - heads * d) = first;
          keys(past + t, c - heads * d + half) = second;
        }
      });
  Kokkos::parallel_for(
      "shardlm::plain::values", Kokkos::RangePolicy<Exec>(0, qkv.extent(0) * width),
      KOKKOS_LAMBDA(const std::size_t i) { values(past + i / width, i % width) = qkv(i / width, all * d + i % width); });
}

void attention(const FloatMatrix& qkv, const FloatMatrix& keys, const FloatMatrix& values, HeadShape shape, std::size_t past, float scale,
               bool rounded, const FloatMatrix& out) {
  const std::size_t tokens = qkv.extent(0), seen = past + tokens;
  const std::size_t step = std::max<std::size_t>(1, std::min(tokens, kScores / (shape.heads * seen)));
  for (std::size_t first = 0; first < tokens; first += step) {
    const std::size_t some = std::min(step, tokens - first);
    attend(qkv, keys, values, shape, past, scale, rounded, first, new_matrix(some * shape.heads, seen), out);
  }
}

void swiglu(const FloatMatrix& gate_up, bool rounded, const FloatMatrix& m) {
  const std::size_t columns = m.extent(1);
  Kokkos::parallel_for(
      "shardlm::plain::swiglu", Kokkos::RangePolicy<Exec>(0, m.size()), KOKKOS_LAMBDA(const std::size_t i) {
        const std::size_t t = i / columns, c = i % columns;
        const float gate = gate_up(t, c), silu = gate / (1 + ::expf(-gate));
        m(t, c) = (rounded ? nearest_bfloat16(silu) : silu) * gate_up(t, columns + c);
      });
}

void add(const FloatMatrix& x, const FloatMatrix& y) {
  const std::size_t columns = x.extent(1);
  Kokkos::parallel_for(
      "shardlm::plain::add", Kokkos::RangePolicy<Exec>(0, x.size()),
      KOKKOS_LAMBDA(const std::size_t i) { x(i / columns, i % columns) += y(i / columns, i % columns); });
}

void round_to_bfloat16(const FloatMatrix& x) {
  const std::size_t columns = x.extent(1);
  Kokkos::parallel_for(
      "shardlm::plain::round", Kokkos::RangePolicy<Exec>(0, x.size()),
      KOKKOS_LAMBDA(const std::size_t i) { x(i / columns, i % columns) = nearest_bfloat16(x(i / columns, i % columns)); });
}

void round_to_bfloat16(const Floats& x) {
  Kokkos::parallel_for(
      "shardlm::plain::round", Kokkos::RangePolicy<Exec>(0, x.size()),
      KOKKOS_LAMBDA(const std::size_t i) { x(i) = nearest_bfloat16(x(i)); });
}

float largest(const FloatMatrix& x, std::size_t first, std::size_t n) {
  float most = 0;
  Kokkos::parallel_reduce(
      "shardlm::plain::largest", Kokkos::RangePolicy<Exec>(0, x.extent(0) * n),
      KOKKOS_LAMBDA(const std::size_t i, float& top) {
        const float value = ::fabsf(x(i / n, first + i % n));
        top = top < value ? value : top;
      },
      Kokkos::Max<float>(most));
  return most;
}

float largest_row_norm(const FloatMatrix& x) {
  const std::size_t columns = x.extent(1);
  double most = 0;
  Kokkos::parallel_reduce(
      "shardlm::plain::row_norm", Kokkos::RangePolicy<Exec>(0, x.extent(0)),
      KOKKOS_LAMBDA(const std::size_t t, double& top) {
        double squares = 0;
        for (std::size_t c = 0; c < columns; ++c) squares += static_cast<double>(x(t, c)) * x(t, c);
        top = top < squares ? squares : top;
      },
      Kokkos::Max<double>(most));
  return static_cast<float>(std::sqrt(most));
}

float largest_score(const FloatMatrix& qkv, const FloatMatrix& keys, HeadShape shape, std::size_t past, float scale) {
  const std::size_t d = shape.dim, heads = shape.heads, group = shape.heads / shape.kv_heads;
  float most = 0;
  Kokkos::parallel_reduce(
      "shardlm::plain::score", Kokkos::RangePolicy<Exec>(0, qkv.extent(0) * heads),
      KOKKOS_LAMBDA(const std::size_t row, float& top) {
        const std::size_t t = row / heads, head = row % heads, q = head * d, k = head / group * d;
        for (std::size_t j = 0; j <= past + t; ++j) {
          float s = 0;
          for (std::size_t i = 0; i < d; ++i) s += qkv(t, q + i) * keys(j, k + i);
          const float size = ::fabsf(s * scale);
          top = top < size ? size : top;
        }
      },
      Kokkos::Max<float>(most));
  return most;
}

}  // namespace shardlm::qwen::plain
