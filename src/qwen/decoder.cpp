#include "shardlm/qwen/decoder.hpp"

#include "shardlm/mpc/ledger.hpp"
#include "shardlm/nn/additive.hpp"

#include <algorithm>

namespace shardlm::qwen {
namespace {

Tensor last_row(const Tensor& x) {
  const std::size_t columns = x.extent(1), first = (x.extent(0) - 1) * columns;
  return gather(
      x, {1, columns}, KOKKOS_LAMBDA(const std::size_t i) { return first + i; });
}

template <class F>
auto within(mpc::Party& party, trace::Region region, const F& work) {
  const trace::Scope scope(party.recorder(), region);
  return work();
}

}  // namespace

mpc::Shared apply(const Layer& layer, mpc::Party& party, const mpc::Shared& x, nn::KvCache& cache, Engine engine,
                  const nn::KeyBiases& biases) {
  using trace::Region;
  if (engine == Engine::additive) {
    const mpc::Shared h = within(party, Region::attention_norm, [&] { return nn::additive_norm(layer.attention_norm, party, x); });
    const mpc::Shared y = within(party, Region::attention, [&] { return x + nn::additive_attention(layer.attention, party, h, cache, biases); });
    const mpc::Shared g = within(party, Region::mlp_norm, [&] { return nn::additive_norm(layer.mlp_norm, party, y); });
    return within(party, Region::mlp, [&] { return y + nn::additive_mlp(layer.mlp, party, g); });
  }
  const mpc::Masked h = within(party, Region::attention_norm, [&] { return layer.attention_norm(party, x); });
  const mpc::Shared y = within(party, Region::attention, [&] { return x + layer.attention(party, h, cache, biases); });
  const mpc::Masked g = within(party, Region::mlp_norm, [&] { return layer.mlp_norm(party, y); });
  return within(party, Region::mlp, [&] { return y + layer.mlp(party, g); });
}

Decoder::Decoder(const Model& model, std::size_t capacity, Engine engine)
    : model_(model), capacity_(capacity), engine_(engine), biases_(capacity) {
  const io::ModelConfig& c = model.config();
  cache_.assign(c.layers, nn::KvCache(c.kv_heads, c.head_dim(), capacity));
}

void Decoder::step(mpc::Party& party, std::size_t tokens, bool padded) {
  using trace::Region;
  const trace::Scope scope(party.recorder(), Region::step);
  mpc::Shared x = party.input({tokens, model_.config().hidden}, kResidualScale);
  if (padded) biases_.keep(party.input({tokens}, 0), length());
  for (std::size_t i = 0; i < cache_.size(); ++i) {
    const trace::Scope layer(party.recorder(), Region::layer, int(i));
    x = apply(model_.layers()[i], party, x, cache_[i], engine_, biases_);
  }
  const mpc::Shared last = moved(x, last_row);
  if (engine_ == Engine::additive) {
    const mpc::Shared h = within(party, Region::final_norm, [&] { return nn::additive_norm(model_.final_norm(), party, last); });
    return within(party, Region::head, [&] { party.output(nn::Additive(party).linear(model_.head(), h)); });
  }
  const mpc::Masked h = within(party, Region::final_norm, [&] { return model_.final_norm()(party, last); });
  within(party, Region::head, [&] { party.output(party.project_to_shares(model_.head(), h)); });
}

void Decoder::truncate(std::size_t length) {
  for (nn::KvCache& cache : cache_) cache.truncate(length);
  biases_.truncate(length);
}

void Decoder::extend(std::size_t capacity) {
  for (nn::KvCache& cache : cache_) cache.extend(capacity);
  biases_.extend(capacity);
  capacity_ = std::max(capacity_, capacity);
}

void Decoder::assume(std::size_t length) {
  for (nn::KvCache& cache : cache_) cache.assume(length);
}

mpc::Costs predict(const Model& model, std::size_t tokens, std::size_t decoded, std::size_t past, Engine engine) {
  mpc::Ledger ledger;
  Decoder decoder(model, past + tokens + decoded, engine);
  decoder.assume(past);
  decoder.step(ledger, tokens);
  for (std::size_t i = 0; i < decoded; ++i) decoder.step(ledger, 1);
  return ledger.costs();
}

}  // namespace shardlm::qwen
