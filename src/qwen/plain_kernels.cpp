#include "plain_kernels.hpp"

#include <KokkosBlas2_gemv.hpp>
#include <KokkosBlas3_gemm.hpp>
#include <algorithm>
#include <cmath>

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
            std::size_t first, const FloatMatrix& scores, const FloatMatrix& out) {
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
              scores(row, j) = s * scale;
              most = most < s * scale ? s * scale : most;
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
          for (std::size_t j = 0; j < seen; ++j) sum += scores(row, j) * values(j, k + i);
          out(t, q + i) = sum / total;
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

void linear(const FloatMatrix& w, const FloatMatrix& x, float beta, const FloatMatrix& y) {
  if (x.extent(0) >= kFewRows) {
    KokkosBlas::gemm("N", "T", 1.0f, x, w, beta, y);
    return;
  }
  for (std::size_t t = 0; t < x.extent(0); ++t)
    KokkosBlas::gemv("N", 1.0f, w, Kokkos::subview(x, t, Kokkos::ALL), beta, Kokkos::subview(y, t, Kokkos::ALL));
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
               const FloatMatrix& out) {
  const std::size_t tokens = qkv.extent(0), seen = past + tokens;
  const std::size_t step = std::max<std::size_t>(1, std::min(tokens, kScores / (shape.heads * seen)));
  for (std::size_t first = 0; first < tokens; first += step) {
    const std::size_t some = std::min(step, tokens - first);
    attend(qkv, keys, values, shape, past, scale, first, new_matrix(some * shape.heads, seen), out);
  }
}

void swiglu(const FloatMatrix& gate_up, const FloatMatrix& m) {
  const std::size_t columns = m.extent(1);
  Kokkos::parallel_for(
      "shardlm::plain::swiglu", Kokkos::RangePolicy<Exec>(0, m.size()), KOKKOS_LAMBDA(const std::size_t i) {
        const std::size_t t = i / columns, c = i % columns;
        const float gate = gate_up(t, c);
        m(t, c) = gate / (1 + ::expf(-gate)) * gate_up(t, columns + c);
      });
}

}  // namespace shardlm::qwen::plain
