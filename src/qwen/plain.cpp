#include "shardlm/qwen/plain.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plain_kernels.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::qwen {

struct PlainModel::Impl {
  PlainWeights weights;
  bool rounded = false;  // to bfloat16
};

PlainModel::PlainModel(const std::string& path, Precision precision)
    : impl_(new Impl{load_plain_weights(path), precision == Precision::bfloat16}) {
  if (impl_->rounded) round_to_bfloat16(impl_->weights);
}
PlainModel::~PlainModel() = default;

const io::ModelConfig& PlainModel::config() const { return impl_->weights.config; }
const std::string& PlainModel::tokenizer_json() const { return impl_->weights.tokenizer_json; }
const std::string& PlainModel::chat_template() const { return impl_->weights.chat_template; }

// Keys and values of every layer, [capacity][kv_heads * head_dim], of which the first `length` rows are in use.
struct PlainSession::State {
  std::size_t length = 0, capacity = 0, skipped = 0;
  std::vector<FloatMatrix> keys, values;

  // Room for n tokens; doubled each time, so that copies stay rare.
  void reserve(const io::ModelConfig& c, std::size_t n) {
    if (n <= capacity) return;
    capacity = std::min(c.max_positions, std::max({n, 2 * capacity, std::size_t{64}}));
    for (std::vector<FloatMatrix>* cache : {&keys, &values}) {
      cache->resize(c.layers);
      for (FloatMatrix& rows : *cache) Kokkos::resize(rows, capacity, c.kv_heads * c.head_dim());
    }
  }
};

namespace {

void require_room(const io::ModelConfig& c, const std::vector<std::int32_t>& tokens, std::size_t position) {
  if (tokens.empty()) throw Error("there is no token to go on from");
  for (const std::int32_t token : tokens)
    if (token < 0 || static_cast<std::size_t>(token) >= c.vocabulary)
      throw Error("token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(c.vocabulary));
  if (position + tokens.size() > c.max_positions)
    throw Error(std::to_string(position + tokens.size()) + " tokens are more than the " + std::to_string(c.max_positions) +
                " positions that the model knows");
}

// A host loop's result in the execution space's memory.
template <class ViewType>
void copy_to(const ViewType& device, const std::vector<float>& values) {
  const auto host = Kokkos::create_mirror_view(device);
  std::copy(values.begin(), values.end(), host.data());
  Kokkos::deep_copy(device, host);
}

FloatMatrix embed(const PlainWeights& w, const std::vector<std::int32_t>& tokens) {
  const std::size_t hidden = w.config.hidden;
  std::vector<float> rows(tokens.size() * hidden);
  for (std::size_t t = 0; t < tokens.size(); ++t) w.embedding(tokens[t], rows.data() + t * hidden);
  const FloatMatrix x = plain::new_matrix(tokens.size(), hidden);
  copy_to(x, rows);
  return x;
}

// Cosines and sines of positions first .. first + n - 1, [n][head_dim / 2][2].
Floats rope_angles(const io::ModelConfig& c, std::size_t first, std::size_t n) {
  const std::size_t half = c.head_dim() / 2;
  std::vector<float> table;
  table.reserve(n * half * 2);
  for (std::size_t t = 0; t < n; ++t)
    for (std::size_t i = 0; i < half; ++i) {
      const double angle = (first + t) * std::pow(c.rope_theta, -2.0 * i / c.head_dim());
      table.push_back(static_cast<float>(std::cos(angle)));
      table.push_back(static_cast<float>(std::sin(angle)));
    }
  const Floats angles = uninitialized<float>("shardlm::plain::angles", table.size());
  copy_to(angles, table);
  return angles;
}

// What one call of forward works in.
struct Workspace {
  Workspace(const io::ModelConfig& c, std::size_t tokens)
      : normed(plain::new_matrix(tokens, c.hidden)),
        qkv(plain::new_matrix(tokens, c.qkv_rows())),
        mixed(plain::new_matrix(tokens, c.hidden)),
        gate_up(plain::new_matrix(tokens, 2 * c.intermediate)),
        product(plain::new_matrix(tokens, c.intermediate)) {}
  FloatMatrix normed, qkv, mixed, gate_up, product;
};

// One call of forward: the layers over new tokens, each on top of the one before.
class Pass {
 public:
  // past: tokens before; position: of the first new one.
  Pass(const PlainWeights& w, bool rounded, const std::vector<std::int32_t>& tokens, std::size_t past, std::size_t position)
      : w_(w),
        c_(w.config),
        rounded_(rounded),
        past_(past),
        x_(embed(w, tokens)),
        angles_(rope_angles(c_, position, tokens.size())),
        s_(c_, tokens.size()) {}

  void attend(const PlainLayer& layer, const FloatMatrix& keys, const FloatMatrix& values) const {
    norm(layer.attention_norm);
    plain::linear(layer.qkv, s_.normed, 0, s_.qkv);
    plain::add_bias(s_.qkv, layer.qkv_bias);
    round(s_.qkv);
    plain::rotate_and_keep(s_.qkv, angles_, heads_, past_, keys, values);
    if (rounded_) {  // what was there before is rounded already, and stays
      round(s_.qkv);
      round(Kokkos::subview(keys, rows(), Kokkos::ALL));
    }
    plain::attention(s_.qkv, keys, values, heads_, past_, w_.score_scale, rounded_, s_.mixed);
    round(s_.mixed);
    add_linear(layer.o, s_.mixed);
  }

  void mlp(const PlainLayer& layer) const {
    norm(layer.mlp_norm);
    plain::linear(layer.gate_up, s_.normed, 0, s_.gate_up);
    round(s_.gate_up);
    plain::swiglu(s_.gate_up, rounded_, s_.product);
    round(s_.product);
    add_linear(layer.down, s_.product);
  }

  // After attend and before mlp; after mlp.
  void see_attention(const FloatMatrix& keys, const FloatMatrix& values, LayerRange& range) const {
    grow(range.row_norm, plain::largest_row_norm(x_));
    grow(range.value, plain::largest(Kokkos::subview(values, rows(), Kokkos::ALL), 0, values.extent(1)));
    grow(range.score, plain::largest_score(s_.qkv, keys, heads_, past_, w_.score_scale));
  }
  void see_mlp(LayerRange& range) const {
    grow(range.gate, plain::largest(s_.gate_up, 0, c_.intermediate));
    grow(range.product, plain::largest(s_.product, 0, c_.intermediate));
  }
  void see_residual(float& most) const { grow(most, plain::largest_row_norm(x_)); }

  // The head for the last token, on the host.
  std::vector<float> logits() const {
    const std::size_t n = x_.extent(0);
    const FloatMatrix last = Kokkos::subview(x_, std::make_pair(n - 1, n), Kokkos::ALL);
    const FloatMatrix normed = plain::new_matrix(1, c_.hidden), y = plain::new_matrix(1, c_.vocabulary);
    plain::rms_norm(last, w_.final_norm, c_.norm_epsilon, normed);
    round(normed);
    plain::linear(w_.head, normed, 0, y);
    round(y);
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), y);
    return {host.data(), host.data() + host.size()};
  }

 private:
  static void grow(float& most, float value) { most = std::max(most, value); }
  std::pair<std::size_t, std::size_t> rows() const { return {past_, past_ + x_.extent(0)}; }
  void round(const FloatMatrix& x) const {
    if (rounded_) plain::round_to_bfloat16(x);
  }
  void norm(const Floats& gains) const {
    plain::rms_norm(x_, gains, c_.norm_epsilon, s_.normed);
    round(s_.normed);
  }
  // x += w y; in bfloat16 the product is rounded before the sum is.
  void add_linear(const FloatMatrix& w, const FloatMatrix& y) const {
    if (!rounded_) return plain::linear(w, y, 1, x_);
    plain::linear(w, y, 0, s_.normed);
    round(s_.normed);
    plain::add(x_, s_.normed);
    round(x_);
  }

  const PlainWeights& w_;
  const io::ModelConfig& c_;
  bool rounded_;
  std::size_t past_;
  plain::HeadShape heads_{c_.heads, c_.kv_heads, c_.head_dim()};
  FloatMatrix x_;
  Floats angles_;
  Workspace s_;
};

}  // namespace

PlainSession::PlainSession(const PlainModel& model) : model_(model), state_(new State) {}
PlainSession::~PlainSession() = default;

std::size_t PlainSession::length() const { return state_->length; }
void PlainSession::skip(std::size_t positions) { state_->skipped += positions; }

std::vector<float> PlainSession::forward(const std::vector<std::int32_t>& tokens, Ranges* ranges) {
  const PlainWeights& w = model_.impl().weights;
  const std::size_t past = state_->length, position = past + state_->skipped;
  require_room(w.config, tokens, position);
  state_->reserve(w.config, past + tokens.size());
  if (ranges != nullptr) ranges->layers.resize(w.config.layers);
  const Pass pass(w, model_.impl().rounded, tokens, past, position);
  for (std::size_t i = 0; i < w.config.layers; ++i) {
    LayerRange* const range = ranges != nullptr ? &ranges->layers[i] : nullptr;
    if (range != nullptr) pass.see_residual(range->row_norm);
    pass.attend(w.layers[i], state_->keys[i], state_->values[i]);
    if (range != nullptr) pass.see_attention(state_->keys[i], state_->values[i], *range);
    pass.mlp(w.layers[i]);
    if (range != nullptr) pass.see_mlp(*range);
  }
  if (ranges != nullptr) pass.see_residual(ranges->last_norm);
  state_->length += tokens.size();
  return pass.logits();
}

}  // namespace shardlm::qwen
