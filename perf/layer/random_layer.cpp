#include "random_layer.hpp"

#include "shardlm/crypto/weight_stream.hpp"

namespace shardlm::perf {

io::ModelConfig shape(const std::string& name) {
  io::ModelConfig c;
  if (name == "0.5b") {
    c.hidden = 896, c.heads = 14, c.kv_heads = 2, c.intermediate = 4864;
  } else if (name == "1.5b") {
    c.hidden = 1536, c.heads = 12, c.kv_heads = 2, c.intermediate = 8960;
  } else if (name == "7b") {
    c.hidden = 3584, c.heads = 28, c.kv_heads = 4, c.intermediate = 18944;
  } else {
    throw Error("no shape is called '" + name + "'; there are 0.5b, 1.5b and 7b");
  }
  c.layers = 1;
  c.vocabulary = 1;
  return c;
}

// Weights of about 0.02, as trained ones have: the packed words in any order are as good as others.
void RandomLayer::fill(mpc::Linear& linear, int planes) {
  std::vector<std::int16_t> packed(std::size_t(planes) * plane_words(linear.rows, linear.columns));
  std::uint64_t state = linear.rows * 31 + linear.columns;
  for (std::int16_t& w : packed) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    w = std::int16_t(std::int32_t(state >> 33 & 2047) - 1024);
  }
  weights_.push_back(std::move(packed));
  exponents_.emplace_back(linear.rows, std::int8_t(0));
  PackedRows rows;
  rows.rows = linear.rows;
  rows.columns = linear.columns;
  rows.planes = planes;
  rows.weights = weights_.back().data();
  rows.exponents = exponents_.back().data();
  linear.weights = RingMatrix(rows);
}

// Uniform words, as server 1 reads them from its file.
class HeldWords : public WordSource {
 public:
  HeldWords(const Array<Word>& words, std::size_t columns) : words_(words), columns_(columns) {}
  const Word* columns(std::size_t panel, std::size_t first, std::size_t, Word*) const override {
    return words_.data() + (panel * columns_ + first) * kWordPanel;
  }
  void panels(std::size_t first, std::size_t some, const Array<Word>& out) const override {
    const std::size_t size = columns_ * kWordPanel;
    Kokkos::deep_copy(Kokkos::subview(out, std::make_pair(std::size_t{0}, some * size)),
                      Kokkos::subview(words_, std::make_pair(first * size, (first + some) * size)));
  }

 private:
  Array<Word> words_;
  std::size_t columns_;
};

void RandomLayer::share(mpc::Linear& linear, int server) {
  linear.secret = true;
  const crypto::Key key{7, 7, 7, 7};
  if (server == 0) linear.share = std::make_shared<crypto::WeightStream>(key, shares_, linear.columns);
  if (server == 1)
    linear.share = std::make_shared<HeldWords>(crypto::Stream(crypto::Key{8, shares_}).words(word_matrix_words(linear.rows, linear.columns), 64),
                                               linear.columns);
  ++shares_;
}

RandomLayer::RandomLayer(const io::ModelConfig& config, const nn::Tables& tables, bool secret, int server)
    : layer_(qwen::layer_shape(config, tables)) {
  mpc::Linear* const all[] = {&layer_.attention.qkv, &layer_.attention.out, &layer_.mlp.gate_up, &layer_.mlp.down};
  for (mpc::Linear* linear : all) {
    if (secret) share(*linear, server);
    if (!secret || server < 0) fill(*linear, linear == all[0] ? 2 : 1);
  }
}

}  // namespace shardlm::perf
