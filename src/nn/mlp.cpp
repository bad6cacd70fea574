#include "heads.hpp"
#include "shardlm/nn/layers.hpp"

namespace shardlm::nn {

Shared Mlp::operator()(Party& party, const Masked& h) const {
  const Masked both = reduce(party.project(gate_up, h), kWeightScale);
  const std::size_t inner = gate_up.rows / 2;
  const Masked gate = moved(both, [&](const Tensor& t) { return columns(t, 0, inner); });
  const Masked up = moved(both, [&](const Tensor& t) { return columns(t, inner, inner); });
  const mpc::LookedUp silu = party.look_up(tables->silu, gate, kCellDrop, up.ring, kSiluScale, kSiluScale - kScale);
  const Party::Opened opened = party.open({silu.a, silu.b});
  const Shared product = party.spline(opened.masked[0], opened.masked[1], silu.sign, remainder(gate, kCellDrop, up.ring), up);
  const Masked m = party.open(product);
  return party.project_back(down, party.truncate(m, m.scale - kActivationScale));
}

}  // namespace shardlm::nn
