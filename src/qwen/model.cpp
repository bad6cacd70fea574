#include "shardlm/qwen/model.hpp"

#include "shardlm/core/wipe.hpp"
#include "shardlm/crypto/weight_stream.hpp"

namespace shardlm::qwen {
namespace {

mpc::Linear shape(std::size_t rows, std::size_t columns, int scale) {
  mpc::Linear layer;
  layer.rows = rows;
  layer.columns = columns;
  layer.scale = scale;
  return layer;
}

void load(mpc::Linear& layer, const io::ModelFile& file, const std::string& dataset) {
  const io::MappedRows rows = file.rows(dataset);
  if (rows.rows != layer.rows || rows.columns != layer.columns)
    throw Error(dataset + " has " + std::to_string(rows.rows) + " x " + std::to_string(rows.columns) + " weights instead of " +
                std::to_string(layer.rows) + " x " + std::to_string(layer.columns));
  PackedRows packed;
  packed.rows = rows.rows;
  packed.columns = rows.columns;
  packed.planes = rows.planes;
  packed.weights = rows.weights;
  packed.exponents = rows.exponents;
  layer.weights = RingMatrix(packed);
}

Array<const Word> load_bias(const io::ModelFile& file, std::size_t layer, std::size_t rows) {
  const std::int64_t* bias = file.qkv_bias(layer);
  return to_device(std::vector<Word>(bias, bias + rows), {rows}).data();
}

// Server 1's share, where it is mapped.
class MappedWords : public WordSource {
 public:
  MappedWords(const Word* words, std::size_t columns) : words_(words), columns_(columns) {}
  const Word* columns(std::size_t panel, std::size_t first, std::size_t, Word*) const override {
    return words_ + (panel * columns_ + first) * kWordPanel;
  }
  void panels(std::size_t first, std::size_t some, const Array<Word>& out) const override {
    const std::size_t size = columns_ * kWordPanel;
    const Kokkos::View<const Word*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> from(words_ + first * size, some * size);
    Kokkos::deep_copy(Kokkos::subview(out, std::make_pair(std::size_t{0}, some * size)), from);
  }

 private:
  const Word* words_;
  std::size_t columns_;
};

}  // namespace

Layer layer_shape(const io::ModelConfig& c, const nn::Tables& tables) {
  Layer layer;
  layer.attention_norm = {c.hidden, c.norm_epsilon, c.gain(), &tables};
  layer.mlp_norm = layer.attention_norm;
  layer.attention = {c.heads,
                     c.kv_heads,
                     c.head_dim(),
                     c.rope_theta,
                     shape(c.qkv_rows(), c.hidden, kWideWeightScale),
                     shape(c.hidden, c.heads * c.head_dim(), kWeightScale),
                     &tables};
  layer.mlp = {shape(2 * c.intermediate, c.hidden, kWeightScale), shape(c.hidden, c.intermediate, kWeightScale), &tables};
  return layer;
}

void Model::build() {
  tables_ = std::make_unique<nn::Tables>(config_.silu_bits);
  layers_.assign(config_.layers, layer_shape(config_, *tables_));
  final_norm_ = {config_.hidden, config_.norm_epsilon, config_.gain(), tables_.get()};
  head_ = shape(config_.vocabulary, config_.hidden, kWeightScale);
}

template <class F>
void Model::for_each_matrix(const F& f) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string at = "layers/" + std::to_string(i) + "/";
    Layer& layer = layers_[i];
    f(layer.attention.qkv, at + "qkv");
    f(layer.attention.out, at + "o");
    f(layer.mlp.gate_up, at + "gate_up");
    f(layer.mlp.down, at + "down");
  }
  f(head_, "head");
}

void Model::keep_secret() {
  for_each_matrix([](mpc::Linear& linear, const std::string&) { linear.secret = true; });
}

Model::Model(const io::ModelConfig& config, bool secret_weights) : config_(config) {
  build();
  if (secret_weights) keep_secret();
}

Model::Model(const io::ModelFile& file, bool secret_weights) : config_(file.config()) {
  build();
  for_each_matrix([&file](mpc::Linear& linear, const std::string& dataset) { load(linear, file, dataset); });
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    mpc::Linear& qkv = layers_[i].attention.qkv;
    qkv.bias = load_bias(file, i, qkv.rows);
  }
  if (secret_weights) keep_secret();
}

Model::Model(const io::ServerShare& share, int server) : config_(share.config()) {
  build();
  keep_secret();
  crypto::Key key = crypto::weight_key(share.seed(), share.set());
  std::uint32_t number = 0;
  for_each_matrix([&](mpc::Linear& linear, const std::string& dataset) {
    if (server == 0)
      linear.share = std::make_shared<crypto::WeightStream>(key, number++, linear.columns);
    else
      linear.share = std::make_shared<MappedWords>(share.words(dataset), linear.columns);
  });
  wipe(key.data(), sizeof key);
}

}  // namespace shardlm::qwen
