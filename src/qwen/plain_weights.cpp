#include "plain_weights.hpp"

#include <cmath>
#include <memory>

#include "bfloat16.hpp"
#include "plain_kernels.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/numbers.hpp"
#include "shardlm/core/panels.hpp"
#include "shardlm/io/checkpoint.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::qwen {
namespace {

FloatMatrix new_matrix(std::size_t rows, std::size_t columns) {
  return FloatMatrix(Kokkos::view_alloc(std::string("shardlm::plain::weights"), Kokkos::WithoutInitializing), rows, columns);
}

Floats to_device(const std::vector<float>& values) {
  const Floats device = uninitialized<float>("shardlm::plain::vector", values.size());
  Kokkos::deep_copy(device, Kokkos::View<const float*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>(values.data(), values.size()));
  return device;
}

// Row r of m becomes fill(r, row), rows in parallel on the host.
template <class Fill>
FloatMatrix filled(std::size_t rows, std::size_t columns, const Fill& fill) {
  const FloatMatrix m = new_matrix(rows, columns);
  const auto host = Kokkos::create_mirror_view(m);
  float* data = host.data();
  Kokkos::parallel_for("shardlm::plain::load", Kokkos::RangePolicy<HostExec>(0, rows),
                       [=](const std::size_t r) { fill(r, data + r * columns); });
  HostExec().fence();
  Kokkos::deep_copy(m, host);
  return m;
}

// Matrices of equal width, one below the other.
FloatMatrix stacked(const std::vector<io::FloatTensor>& parts) {
  std::size_t rows = 0;
  const std::size_t columns = parts.at(0).shape.at(1);
  for (const io::FloatTensor& part : parts) rows += part.shape[0];
  return filled(rows, columns, [&parts, columns](std::size_t r, float* row) {
    std::size_t i = 0;
    while (r >= parts[i].shape[0]) r -= parts[i++].shape[0];
    parts[i].read(r * columns, columns, row);
  });
}

Floats joined(const std::vector<io::FloatTensor>& parts) {
  std::vector<float> values;
  for (const io::FloatTensor& part : parts) {
    values.resize(values.size() + part.count());
    part.read(0, part.count(), values.data() + values.size() - part.count());
  }
  return to_device(values);
}

PlainWeights from_checkpoint(const std::string& folder) {
  const auto checkpoint = std::make_shared<io::Checkpoint>(folder);
  PlainWeights w;
  w.config = checkpoint->config();
  w.tokenizer_json = checkpoint->tokenizer_json();
  w.chat_template = checkpoint->chat_template();
  w.score_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(w.config.head_dim())));
  for (std::size_t i = 0; i < w.config.layers; ++i) {
    const io::LayerTensors t = checkpoint->layer(i);
    w.layers.push_back({stacked({t.q, t.k, t.v}), stacked({t.o}), stacked({t.gate, t.up}), stacked({t.down}),
                        joined({t.q_bias, t.k_bias, t.v_bias}), joined({t.attention_norm}), joined({t.mlp_norm})});
  }
  w.final_norm = joined({checkpoint->final_norm()});
  w.head = stacked({checkpoint->head()});
  w.embedding = [checkpoint](std::size_t token, float* row) {
    const std::size_t hidden = checkpoint->config().hidden;
    checkpoint->embedding().read(token * hidden, hidden, row);
  };
  return w;
}

FloatMatrix unpacked(const io::MappedRows& m) {
  const int scale = m.planes == 2 ? kWideWeightScale : kWeightScale;
  return filled(m.rows, m.columns, [m, scale](std::size_t r, float* row) {
    const double unit = std::ldexp(1.0, m.exponents[r] - scale);
    for (std::size_t c = 0; c < m.columns; ++c) row[c] = static_cast<float>(weight_at(m, r, c) * unit);
  });
}

Floats bias_of(const io::ModelFile& file, std::size_t layer) {
  const std::int64_t* bias = file.qkv_bias(layer);
  std::vector<float> values(file.config().qkv_rows());
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(std::ldexp(static_cast<double>(bias[i]), -(kScale + kWideWeightScale)));
  return to_device(values);
}

PlainWeights from_model_file(const std::string& path) {
  const auto file = std::make_shared<io::ModelFile>(path);
  PlainWeights w;
  w.config = file->config();
  w.tokenizer_json = file->tokenizer_json();
  w.chat_template = file->chat_template();
  const double left = std::ldexp(1.0, w.config.gain()) / std::sqrt(static_cast<double>(w.config.hidden));
  const Floats norm = to_device(std::vector<float>(w.config.hidden, static_cast<float>(left)));
  for (std::size_t i = 0; i < w.config.layers; ++i) {
    const std::string layer = "layers/" + std::to_string(i) + "/";
    w.layers.push_back({unpacked(file->rows(layer + "qkv")), unpacked(file->rows(layer + "o")), unpacked(file->rows(layer + "gate_up")),
                        unpacked(file->rows(layer + "down")), bias_of(*file, i), norm, norm});
  }
  w.final_norm = norm;
  w.head = unpacked(file->rows("head"));
  w.embedding = [file](std::size_t token, float* row) { file->embedding(token, row); };
  return w;
}

}  // namespace

void round_to_bfloat16(PlainWeights& w) {
  for (const PlainLayer& layer : w.layers) {
    for (const FloatMatrix& m : {layer.qkv, layer.o, layer.gate_up, layer.down}) plain::round_to_bfloat16(m);
    for (const Floats& v : {layer.qkv_bias, layer.attention_norm, layer.mlp_norm}) plain::round_to_bfloat16(v);
  }
  plain::round_to_bfloat16(w.final_norm);
  plain::round_to_bfloat16(w.head);
  w.embedding = [exact = w.embedding, hidden = w.config.hidden](std::size_t token, float* row) {
    exact(token, row);
    for (std::size_t i = 0; i < hidden; ++i) row[i] = nearest_bfloat16(row[i]);
  };
}

PlainWeights load_plain_weights(const std::string& path) { return io::is_checkpoint(path) ? from_checkpoint(path) : from_model_file(path); }

}  // namespace shardlm::qwen
