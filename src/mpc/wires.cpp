#include "shardlm/mpc/wires.hpp"

namespace shardlm::mpc {
namespace {

template <class W>
void require_alike(const char* what, const W& a, const W& b) {
  if (a.scale != b.scale || a.ring != b.ring)
    throw Error(std::string(what) + ": scale " + std::to_string(a.scale) + " in ring " + std::to_string(a.ring) + " against scale " +
                std::to_string(b.scale) + " in ring " + std::to_string(b.ring));
  require_same(what, a.shape(), b.shape());
}

}  // namespace

Shared operator+(const Shared& a, const Shared& b) {
  require_alike("sum of shared wires", a, b);
  return {add(a.x, b.x, a.ring), a.scale, a.ring, a.held || b.held};
}

Shared operator-(const Shared& a, const Shared& b) {
  require_alike("difference of shared wires", a, b);
  return {subtract(a.x, b.x, a.ring), a.scale, a.ring, a.held || b.held};
}

Masked operator-(const Masked& a, const Masked& b) {
  require_alike("difference of masked wires", a, b);
  return {subtract(a.x, b.x, a.ring), a.scale, a.ring, false, {}};
}

Masked reduce(const Masked& x, int t) {
  if (t < 0 || t >= x.ring) throw Error("reduce by " + std::to_string(t) + " bits in a ring of " + std::to_string(x.ring));
  return {shift_right(x.x, t), x.scale - t, x.ring - t, false, {}};
}

Masked remainder(const Masked& x, int t, int ring) { return {cut(x.x, t), x.scale, ring, false, {}}; }

Shared weighted_sum(const Shared& x, const std::vector<int>& shifts) {
  if (x.x.extent(0) != shifts.size()) throw Error("weighted sum: " + std::to_string(shifts.size()) + " weights for " + to_string(x.shape()));
  Shape shape(x.shape().begin() + 1, x.shape().end());
  const std::size_t n = volume(shape);
  const std::size_t terms = shifts.size();
  std::vector<std::uint32_t> host(shifts.begin(), shifts.end());
  const Array<const std::uint32_t> shift = to_device(host);
  const Array<Word> in = x.x.data();
  const int ring = x.ring;
  const Tensor sum = generate(
      "shardlm::mpc::weighted_sum", shape, x.x, KOKKOS_LAMBDA(const std::size_t i) {
        Word total = 0;
        for (std::size_t e = 0; e < terms; ++e) total += in(e * n + i) << shift(e);
        return low(total, ring);
      });
  return {sum, x.scale, x.ring, x.held};
}

Masked row_sums(const Masked& x) { return {sum_last_axis(x.x, x.ring), x.scale, x.ring, false, {}}; }

}  // namespace shardlm::mpc
