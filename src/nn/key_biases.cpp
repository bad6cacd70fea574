#include "shardlm/nn/layers.hpp"

#include <algorithm>

namespace shardlm::nn {
namespace {

Array<Word> part(const Tensor& x, std::size_t first, std::size_t end) { return Kokkos::subview(x.data(), std::make_pair(first, end)); }

}  // namespace

void KeyBiases::keep(const Shared& fresh, std::size_t at) {
  const std::size_t tokens = fresh.x.size();
  if (at > capacity_ || tokens > capacity_ - at)
    throw Error("key biases: " + std::to_string(tokens) + " from position " + std::to_string(at) + " on, room for " +
                std::to_string(capacity_));
  if (fresh.scale != 0 || fresh.ring != 64 || fresh.held)
    throw Error("key biases: they are the client's shares, at scale 0 in a ring of 64 bits");
  // Zero where nothing is kept: the positions of steps without biases, before and after.
  if (!any()) shares_ = fresh.x.concrete() ? Tensor({capacity_}, Array<Word>("shardlm::nn::biases", capacity_)) : Tensor({capacity_});
  if (fresh.x.concrete()) Kokkos::deep_copy(part(shares_, at, at + tokens), fresh.x.data());
  first_ = std::min(first_, at);
}

void KeyBiases::extend(std::size_t capacity) {
  if (capacity <= capacity_) return;
  KeyBiases more(capacity);
  if (any()) {
    more.first_ = first_;
    more.shares_ = shares_.concrete() ? Tensor({capacity}, Array<Word>("shardlm::nn::biases", capacity)) : Tensor({capacity});
    if (shares_.concrete()) Kokkos::deep_copy(part(more.shares_, 0, capacity_), shares_.data());
  }
  *this = more;
}

void KeyBiases::truncate(std::size_t length) {
  if (length <= first_) {
    *this = KeyBiases(capacity_);
  } else if (length < capacity_ && shares_.concrete()) {
    Kokkos::deep_copy(part(shares_, length, capacity_), Word{0});
  }
}

Shared KeyBiases::added(const Shared& scores, const mpc::Causal& causal) const {
  if (!any() || !scores.x.concrete()) return scores;
  const mpc::Causal shape = causal;
  const std::size_t tokens = shape.tokens, pairs = shape.pairs();
  const int scale = scores.scale, ring = scores.ring;
  const Array<Word> s = scores.x.data(), bias = shares_.data(), sum = uninitialized<Word>("shardlm::nn::biased", s.size());
  Kokkos::parallel_for(
      "shardlm::nn::biased", Kokkos::RangePolicy<Exec>(0, s.size() / pairs * tokens), KOKKOS_LAMBDA(const std::size_t row) {
        const std::size_t first = row / tokens * pairs + shape.offset(row % tokens);
        for (std::size_t j = 0; j < shape.length(row % tokens); ++j) sum(first + j) = low(s(first + j) + (bias(j) << scale), ring);
      });
  return {Tensor(scores.shape(), sum), scores.scale, ring, scores.held};
}

}  // namespace shardlm::nn
