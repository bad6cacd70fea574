#include "shardlm/qwen/plain.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plain_kernels.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::qwen {

struct PlainModel::Impl {
  PlainWeights weights;
};

PlainModel::PlainModel(const std::string& path) : impl_(new Impl{load_plain_weights(path)}) {}
PlainModel::~PlainModel() = default;

const io::ModelConfig& PlainModel::config() const { return impl_->weights.config; }
const std::string& PlainModel::tokenizer_json() const { return impl_->weights.tokenizer_json; }
const std::string& PlainModel::chat_template() const { return impl_->weights.chat_template; }

// Keys and values of every layer, [capacity][kv_heads * head_dim], of which the first `length` rows are in use.
struct PlainSession::State {
  std::size_t length = 0, capacity = 0;
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

void require_room(const io::ModelConfig& c, const std::vector<std::int32_t>& tokens, std::size_t past) {
  if (tokens.empty()) throw Error("there is no token to go on from");
  for (const std::int32_t token : tokens)
    if (token < 0 || static_cast<std::size_t>(token) >= c.vocabulary)
      throw Error("token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(c.vocabulary));
  if (past + tokens.size() > c.max_positions)
    throw Error(std::to_string(past + tokens.size()) + " tokens are more than the " + std::to_string(c.max_positions) +
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

// Cosines and sines of positions past .. past + n - 1, [n][head_dim / 2][2].
Floats rope_angles(const io::ModelConfig& c, std::size_t past, std::size_t n) {
  const std::size_t half = c.head_dim() / 2;
  std::vector<float> table;
  table.reserve(n * half * 2);
  for (std::size_t t = 0; t < n; ++t)
    for (std::size_t i = 0; i < half; ++i) {
      const double angle = (past + t) * std::pow(c.rope_theta, -2.0 * i / c.head_dim());
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

// The head for one token, on the host.
std::vector<float> logits(const PlainWeights& w, const FloatMatrix& x) {
  const FloatMatrix normed = plain::new_matrix(1, w.config.hidden), y = plain::new_matrix(1, w.config.vocabulary);
  plain::rms_norm(x, w.final_norm, w.config.norm_epsilon, normed);
  plain::linear(w.head, normed, 0, y);
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), y);
  return {host.data(), host.data() + host.size()};
}

}  // namespace

PlainSession::PlainSession(const PlainModel& model) : model_(model), state_(new State) {}
PlainSession::~PlainSession() = default;

std::size_t PlainSession::length() const { return state_->length; }

std::vector<float> PlainSession::forward(const std::vector<std::int32_t>& tokens) {
  const PlainWeights& w = model_.impl().weights;
  const io::ModelConfig& c = w.config;
  const std::size_t n = tokens.size(), past = state_->length;
  require_room(c, tokens, past);
  state_->reserve(c, past + n);
  const plain::HeadShape heads{c.heads, c.kv_heads, c.head_dim()};
  const FloatMatrix x = embed(w, tokens);
  const Floats angles = rope_angles(c, past, n);
  const Workspace s(c, n);
  for (std::size_t i = 0; i < c.layers; ++i) {
    const PlainLayer& layer = w.layers[i];
    plain::rms_norm(x, layer.attention_norm, c.norm_epsilon, s.normed);
    plain::linear(layer.qkv, s.normed, 0, s.qkv);
    plain::add_bias(s.qkv, layer.qkv_bias);
    plain::rotate_and_keep(s.qkv, angles, heads, past, state_->keys[i], state_->values[i]);
    plain::attention(s.qkv, state_->keys[i], state_->values[i], heads, past, w.score_scale, s.mixed);
    plain::linear(layer.o, s.mixed, 1, x);
    plain::rms_norm(x, layer.mlp_norm, c.norm_epsilon, s.normed);
    plain::linear(layer.gate_up, s.normed, 0, s.gate_up);
    plain::swiglu(s.gate_up, s.product);
    plain::linear(layer.down, s.product, 1, x);
  }
  state_->length += n;
  return logits(w, Kokkos::subview(x, std::make_pair(n - 1, n), Kokkos::ALL));
}

}  // namespace shardlm::qwen
