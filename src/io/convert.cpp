#include <algorithm>
#include <array>
#include <cmath>

#include "dataset_writer.hpp"
#include "layout.hpp"
#include "model_source.hpp"
#include "parallel.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/numbers.hpp"
#include "shardlm/io/checkpoint.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/io/quantise.hpp"

namespace shardlm::io {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} << 20;  // of packed weights in memory at a time

std::vector<double> read_scaled(const FloatTensor& tensor, double factor) {
  std::vector<float> raw(tensor.count());
  tensor.read(0, raw.size(), raw.data());
  std::vector<double> scaled(raw.begin(), raw.end());
  for (double& x : scaled) x *= factor;
  return scaled;
}

class Conversion {
 public:
  Conversion(const ModelSource& source, DatasetWriter& writer) : source_(source), writer_(writer) {}

  void run() {
    write_text("tokenizer", source_.tokenizer_json);
    write_text("chat_template", source_.chat_template);
    write_embedding();
    for (std::size_t i = 0; i < config_.layers; ++i) write_layer(i);
    write_matrix("head", {{{source_.head, read_scaled(source_.final_norm, 1), rest_of_root()}}, 1});
  }

 private:
  // The part of sqrt(hidden) that is no power of two; the norm itself leaves 2^gain x / |x|.
  double rest_of_root() const { return std::sqrt(static_cast<double>(config_.hidden)) / (1 << config_.gain()); }
  std::vector<double> gains(const FloatTensor& norm) const { return read_scaled(norm, rest_of_root()); }

  void write_text(const char* path, const std::string& text) {
    if (!text.empty()) writer_.write(path, text.data(), text.size());
  }

  void write_embedding() {
    const FloatTensor& table = source_.embedding;
    const std::size_t step = kChunkBytes / bytes_of(table.type);
    std::vector<std::uint8_t> bytes(std::min(step, table.count()) * bytes_of(table.type));
    writer_.begin("embedding");
    for (std::size_t at = 0; at < table.count(); at += step) {
      const std::size_t n = std::min(step, table.count() - at);
      in_parallel(n, [&](std::size_t first, std::size_t some) {
        std::uint8_t* out = bytes.data() + first * bytes_of(table.type);
        table.copy(at + first, some, out);
        check_embedding(table.type, out, some);
      });
      writer_.append(bytes.data(), n * bytes_of(table.type));
      source_.release(table, at, n);
    }
    writer_.end();
  }

  // The client encodes them in 64 bits at kResidualScale.
  static void check_embedding(FloatType type, const std::uint8_t* data, std::size_t n) {
    std::array<float, 4096> some;
    for (std::size_t at = 0; at < n; at += some.size()) {
      const std::size_t m = std::min(some.size(), n - at);
      to_float(type, data + at * bytes_of(type), m, some.data());
      for (std::size_t i = 0; i < m; ++i)
        if (!(std::fabs(some[i]) < 0x1p32f)) throw Error("cannot convert embedding: a number is too large or not a finite number");
    }
  }

  void write_layer(std::size_t i) {
    const LayerTensors t = source_.layer(i);
    const std::string layer = "layers/" + std::to_string(i) + "/";
    const std::vector<double> attention = gains(t.attention_norm), mlp = gains(t.mlp_norm);
    const double c = 1 / std::sqrt(static_cast<double>(config_.head_dim()));  // of the scores, kept in q
    write_matrix(layer + "qkv", {{{t.q, attention, c}, {t.k, attention}, {t.v, attention}}, 2});
    write_bias(layer + "qkv_bias", {{&t.q_bias, c}, {&t.k_bias, 1}, {&t.v_bias, 1}});
    write_matrix(layer + "o", {{{t.o, {}}}, 1});
    write_matrix(layer + "gate_up", {{{t.gate, mlp}, {t.up, mlp}}, 1});
    write_matrix(layer + "down", {{{t.down, {}}}, 1});
  }

  // Two planes lie one after the other, so such a matrix is packed whole; others go through memory in chunks.
  void write_matrix(const std::string& path, const Stack& stack) {
    const std::size_t panel_words = stack.planes * kPanel * padded_columns(stack.columns()), panels = stack.panels();
    const std::size_t step = stack.planes == 2 ? panels : std::max<std::size_t>(1, kChunkBytes / 2 / panel_words);
    std::vector<std::int8_t> exponents(panels * kPanel);
    std::vector<std::int16_t> words(std::min(step, panels) * panel_words);
    writer_.begin(path);
    for (std::size_t at = 0; at < panels; at += step) {
      const std::size_t n = std::min(step, panels - at);
      pack(path, stack, at, n, words, exponents.data() + at * kPanel);
      writer_.append(words.data(), 2 * n * panel_words);
      release(stack, at, n);
    }
    writer_.end();
    writer_.write(path + "_exponents", exponents.data(), stack.rows());
  }

  static void pack(const std::string& path, const Stack& stack, std::size_t at, std::size_t n, std::vector<std::int16_t>& words,
                   std::int8_t* exponents) {
    const std::size_t plane_panel = kPanel * padded_columns(stack.columns());
    try {
      in_parallel(n, [&](std::size_t first, std::size_t some) {
        pack_panels(stack, at + first, some, n, words.data() + first * plane_panel, exponents + first * kPanel);
      });
    } catch (const Error& e) {
      throw Error("cannot convert " + path + ": " + e.what());
    }
  }

  // Rows of these panels are not read again.
  void release(const Stack& stack, std::size_t panel, std::size_t n) const {
    std::size_t base = 0;
    for (const SourceRows& part : stack.parts) {
      const std::size_t rows = part.matrix.shape[0], columns = stack.columns();
      const std::size_t first = std::max(panel * kPanel, base), end = std::min((panel + n) * kPanel, base + rows);
      if (first < end) source_.release(part.matrix, (first - base) * columns, (end - first) * columns);
      base += rows;
    }
  }

  void write_bias(const std::string& path, const std::vector<std::pair<const FloatTensor*, double>>& parts) {
    std::vector<std::int64_t> words;
    for (const auto& [tensor, factor] : parts)
      for (const double b : read_scaled(*tensor, factor)) {
        const double scaled = std::ldexp(b, kScale + kWideWeightScale);
        if (!(std::fabs(scaled) < 0x1p62)) throw Error("cannot convert " + path + ": a bias is too large or not a finite number");
        words.push_back(std::llrint(scaled));
      }
    writer_.write(path, words.data(), 8 * words.size());
  }

  const ModelSource& source_;
  const ModelConfig& config_ = source_.config;
  DatasetWriter& writer_;
};

ModelSource source_of(const Checkpoint& checkpoint, int silu_bits) {
  ModelSource source;
  source.config = checkpoint.config();
  source.config.silu_bits = silu_bits;
  source.name = checkpoint.name();
  source.tokenizer_json = checkpoint.tokenizer_json();
  source.chat_template = checkpoint.chat_template();
  source.embedding = checkpoint.embedding();
  source.final_norm = checkpoint.final_norm();
  source.head = checkpoint.head();
  source.layer = [&checkpoint](std::size_t i) { return checkpoint.layer(i); };
  source.release = [&checkpoint](const FloatTensor& t, std::size_t first, std::size_t n) { checkpoint.tensors().release(t, first, n); };
  return source;
}

}  // namespace

void write_model(const ModelSource& source, OutputFile& file, const Progress& progress) {
  Manifest manifest;
  manifest.name = source.name;
  manifest.attributes = attributes_of(source.config);
  for (DatasetSpec& spec : datasets(source.config, source.embedding.type, source.tokenizer_json.size(), source.chat_template.size()))
    manifest.datasets.push_back({std::move(spec)});
  DatasetWriter writer(file, kModelFormat, std::move(manifest), progress);
  Conversion(source, writer).run();
  writer.finish();
  file.publish();
}

void convert(const std::string& folder, const std::string& out, const Progress& progress, const FreeSpace& free_space, int silu_bits) {
  OutputFile file(out, free_space);
  const Checkpoint checkpoint(folder);
  const ModelSource source = source_of(checkpoint, silu_bits);
  check(source.config, folder);
  write_model(source, file, progress);
}

}  // namespace shardlm::io
