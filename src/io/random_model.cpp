#include "shardlm/io/random_model.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>

#include "model_source.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

constexpr double kBiasSigma = 0.1;
constexpr std::size_t kLeastVocabulary = 259;  // bytes and control tokens

using Quantiles = std::array<float, 65536>;  // of a normal distribution, at (i + 1/2) / 65536: four draws from 64 bits

// The standard normal's, by Newton's method, each from the one before. Rounded to multiples of 2^-12, so that it does not
// depend on the last bits of a machine's erfc.
const std::array<double, 32768>& upper_quantiles() {
  static const std::array<double, 32768> table = [] {
    std::array<double, 32768> z{};
    double x = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double p = 0.5 - (i + 0.5) / 65536;  // of the upper tail
      for (int step = 0; step < 12; ++step) x += (std::erfc(x / std::sqrt(2.0)) / 2 - p) * std::sqrt(2 * M_PI) * std::exp(x * x / 2);
      z[i] = std::nearbyint(x * 4096) / 4096;
    }
    return z;
  }();
  return table;
}

float rounded_to_bf16(double x) {
  const auto f = static_cast<float>(x);
  std::uint32_t bits;
  std::memcpy(&bits, &f, sizeof bits);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  float rounded;
  std::memcpy(&rounded, &bits, sizeof rounded);
  return rounded;
}

std::shared_ptr<const Quantiles> quantiles(double sigma) {
  auto table = std::make_shared<Quantiles>();
  for (std::size_t i = 0; i < 32768; ++i) {
    (*table)[32768 + i] = rounded_to_bf16(sigma * upper_quantiles()[i]);
    (*table)[32767 - i] = -(*table)[32768 + i];
  }
  return table;
}

// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014, figure 17).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

std::uint64_t key_of(std::uint64_t seed, const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return mixed(mixed(seed) ^ hash);
}

// Number i of a tensor: 16 bits of word i / 4.
void draw(std::uint64_t key, const Quantiles& table, std::size_t first, std::size_t n, float* out) {
  const auto word = [key](std::size_t i) { return mixed(key + (i / 4 + 1) * 0x9e3779b97f4a7c15); };
  const auto number = [&table](std::uint64_t w, std::size_t i) { return table[w >> 16 * (i % 4) & 0xffff]; };
  std::size_t i = first;
  const std::size_t end = first + n;
  for (; i < end && i % 4 != 0; ++i) *out++ = number(word(i), i);
  for (; i + 4 <= end; i += 4) {
    const std::uint64_t w = word(i);
    for (std::size_t j = 0; j < 4; ++j) *out++ = number(w, j);
  }
  for (; i < end; ++i) *out++ = number(word(i), i);
}

class Drawn {
 public:
  Drawn(const ModelConfig& config, std::uint64_t seed) : config_(config), seed_(seed) {}

  FloatTensor normal(const std::string& name, std::vector<std::size_t> shape, double sigma) {
    FloatTensor tensor{name, FloatType::bf16, std::move(shape), nullptr, {}};
    std::shared_ptr<const Quantiles>& table = tables_[sigma];
    if (!table) table = quantiles(sigma);
    tensor.draw = [key = key_of(seed_, name), table = table](std::size_t first, std::size_t n, float* out) {
      draw(key, *table, first, n, out);
    };
    return tensor;
  }
  FloatTensor matrix(const std::string& name, std::size_t rows, std::size_t columns, double factor = 1) {
    return normal(name, {rows, columns}, factor / std::sqrt(static_cast<double>(columns)));
  }
  static FloatTensor ones(const std::string& name, std::size_t n) {
    FloatTensor tensor{name, FloatType::bf16, {n}, nullptr, {}};
    tensor.draw = [](std::size_t, std::size_t count, float* out) { std::fill(out, out + count, 1.0f); };
    return tensor;
  }

  LayerTensors layer(std::size_t i) {
    const std::string at = "layers/" + std::to_string(i) + "/";
    const std::size_t d = config_.hidden, kv = config_.kv_heads * config_.head_dim(), f = config_.intermediate;
    const double into_residual = 1 / std::sqrt(2.0 * config_.layers);
    LayerTensors t;
    t.attention_norm = ones(at + "attention_norm", d);
    t.mlp_norm = ones(at + "mlp_norm", d);
    t.q = matrix(at + "q", d, d);
    t.k = matrix(at + "k", kv, d);
    t.v = matrix(at + "v", kv, d);
    t.q_bias = normal(at + "q_bias", {d}, kBiasSigma);
    t.k_bias = normal(at + "k_bias", {kv}, kBiasSigma);
    t.v_bias = normal(at + "v_bias", {kv}, kBiasSigma);
    t.o = matrix(at + "o", d, d, into_residual);
    t.gate = matrix(at + "gate", f, d);
    t.up = matrix(at + "up", f, d);
    t.down = matrix(at + "down", d, f, into_residual);
    return t;
  }

 private:
  const ModelConfig& config_;
  std::uint64_t seed_;
  std::map<double, std::shared_ptr<const Quantiles>> tables_;
};

}  // namespace

void convert_random(const RandomModel& model, const std::string& out, const Progress& progress, const FreeSpace& free_space) {
  const ModelConfig& c = model.config;
  check(c, "a model with random weights");
  if (c.vocabulary < kLeastVocabulary)
    throw Error("a model with random weights needs a vocabulary of at least " + std::to_string(kLeastVocabulary) + ", not " +
                std::to_string(c.vocabulary));
  OutputFile file(out, free_space);
  Drawn drawn(c, model.seed);
  ModelSource source;
  source.config = c;
  source.name = "random weights, " + model.name + ", seed " + std::to_string(model.seed);
  source.tokenizer_json = byte_tokenizer_json();
  source.embedding = drawn.matrix("embedding", c.vocabulary, c.hidden);
  source.final_norm = Drawn::ones("final_norm", c.hidden);
  source.head = c.tied_head ? source.embedding : drawn.matrix("head", c.vocabulary, c.hidden);
  source.layer = [&drawn](std::size_t i) { return drawn.layer(i); };
  source.release = [](const FloatTensor&, std::size_t, std::size_t) {};
  write_model(source, file, progress);
}

}  // namespace shardlm::io
