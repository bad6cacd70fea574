#include "shardlm/nn/layers.hpp"

namespace shardlm::nn {
namespace {

// Writes [heads][T][d] to tokens at .. at + T - 1 of [heads][capacity][d].
void place(const Tensor& fresh, std::size_t at, const Tensor& kept) {
  const std::size_t tokens = fresh.extent(1), dim = fresh.extent(2), capacity = kept.extent(1);
  const Array<Word> from = fresh.data(), to = kept.data();
  Kokkos::parallel_for(
      "shardlm::nn::keep", Kokkos::RangePolicy<Exec>(0, from.size()), KOKKOS_LAMBDA(const std::size_t i) {
        const std::size_t h = i / (tokens * dim), rest = i % (tokens * dim);
        to(h * capacity * dim + at * dim + rest) = from(i);
      });
}

Tensor room(const Shape& shape) { return Tensor(shape, Array<Word>("shardlm::nn::kept", volume(shape))); }

}  // namespace

void KvCache::keep(Masked& kept, const Masked& fresh) {
  const Shape whole{heads_, capacity_, dim_};
  if (kept.x.size() == 0) {
    if (length_ > 0 && fresh.x.concrete()) throw Error("KV cache: its first " + std::to_string(length_) + " tokens are shapes without values");
    kept = {Tensor(whole), fresh.scale, fresh.ring, fresh.shared, fresh.shared ? Tensor(whole) : Tensor()};
    if (fresh.x.concrete()) kept.x = room(whole);
    if (fresh.shared && fresh.share.concrete()) kept.share = room(whole);
  }
  if (fresh.scale != kept.scale || fresh.ring != kept.ring || fresh.shared != kept.shared) throw Error("KV cache: a wire unlike those kept");
  if (fresh.x.concrete()) place(fresh.x, length_, kept.x);
  if (fresh.shared && fresh.share.concrete()) place(fresh.share, length_, kept.share);
}

void KvCache::append(const Masked& keys, const Masked& values) {
  if (!keys.shared || !values.shared) throw Error("KV cache: a masked wire whose mask the servers have no shares of");
  add(keys, values);
}

void KvCache::add(const Masked& keys, const Masked& values) {
  const std::size_t tokens = keys.x.extent(1);
  if (length_ + tokens > capacity_)
    throw Error("KV cache: " + std::to_string(length_) + " + " + std::to_string(tokens) + " tokens, room for " + std::to_string(capacity_));
  keep(keys_, keys);
  keep(values_, values);
  length_ += tokens;
}

void KvCache::append(const Shared& keys, const Shared& values) {
  add(Masked{keys.x, keys.scale, keys.ring, false, {}}, Masked{values.x, values.scale, values.ring, false, {}});
}

void KvCache::truncate(std::size_t length) {
  if (length > length_) throw Error("KV cache: cannot keep " + std::to_string(length) + " of " + std::to_string(length_) + " tokens");
  length_ = length;
}

void KvCache::extend(std::size_t capacity) {
  if (capacity <= capacity_) return;
  const Shape whole{heads_, capacity, dim_};
  const auto grown = [&whole](const Tensor& kept) {
    const Tensor more = kept.concrete() ? room(whole) : Tensor(whole);
    if (kept.concrete()) place(kept, 0, more);
    return more;
  };
  for (Masked* wire : {&keys_, &values_}) {
    if (wire->x.size() == 0) continue;
    wire->x = grown(wire->x);
    if (wire->shared) wire->share = grown(wire->share);
  }
  capacity_ = capacity;
}

void KvCache::assume(std::size_t length) {
  if (length_ > 0 || length > capacity_)
    throw Error("KV cache: cannot assume " + std::to_string(length) + " tokens beside " + std::to_string(length_) + ", room for " + std::to_string(capacity_));
  length_ = length;
}

}  // namespace shardlm::nn
