// What the fuzz targets share. A target reads bytes as a stranger's file: it may throw shardlm::Error and nothing else, and whatever else
// goes wrong (a crash, a sanitizer's report, seconds of silence, gigabytes of memory) is a finding.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "shardlm/core/error.hpp"

namespace shardlm::fuzz {

// A folder for this process, in memory where there is such a file system; removed at a normal end.
class Folder {
 public:
  Folder() {
    std::string name = std::string(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/shardlm-fuzz-XXXXXX";
    if (!mkdtemp(&name[0])) std::abort();
    path_ = name;
    setenv("XDG_CACHE_HOME", "/dev/null/none", 1);  // every file is verified, none is remembered
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, const std::string& bytes) const { std::ofstream(*this / name, std::ios::binary) << bytes; }
  // As write, or removes the file where there are no bytes.
  void put(const std::string& name, const std::string& bytes) const {
    if (!bytes.empty()) return write(name, bytes);
    std::error_code ignored;
    std::filesystem::remove(*this / name, ignored);
  }

 private:
  std::string path_;
};

inline std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The input cut at `separator` into exactly n parts, the last with all the rest; missing ones are empty.
inline std::vector<std::string> parts(const std::uint8_t* data, std::size_t size, std::size_t n, char separator = '\0') {
  std::string rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> list(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = i + 1 < n ? rest.find(separator) : std::string::npos;
    list[i] = rest.substr(0, at);
    rest = at == std::string::npos ? std::string() : rest.substr(at + 1);
  }
  return list;
}

// Runs f, which may refuse what it is given.
template <class F>
void may_refuse(const F& f) {
  try {
    f();
  } catch (const Error&) {
  }
}

inline void require(bool holds) {
  if (!holds) std::abort();
}

// A safetensors file: its header's length, the header, the data.
inline std::string safetensors(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  for (int i = 0; i < 8; ++i) length[i] = static_cast<char>(std::uint64_t{header.size()} >> (8 * i));
  return length + header + data;
}

// The least checkpoint: one layer, hidden size 2, a vocabulary of 4.
inline void write_tiny_checkpoint(const Folder& folder) {
  struct Tensor {
    const char* name;
    std::vector<int> shape;
  };
  const std::string layer = "model.layers.0.";
  const std::vector<std::pair<std::string, std::vector<int>>> tensors = {
      {"model.embed_tokens.weight", {4, 2}},       {"model.norm.weight", {2}},
      {layer + "input_layernorm.weight", {2}},     {layer + "post_attention_layernorm.weight", {2}},
      {layer + "self_attn.q_proj.weight", {2, 2}}, {layer + "self_attn.k_proj.weight", {2, 2}},
      {layer + "self_attn.v_proj.weight", {2, 2}}, {layer + "self_attn.q_proj.bias", {2}},
      {layer + "self_attn.k_proj.bias", {2}},      {layer + "self_attn.v_proj.bias", {2}},
      {layer + "self_attn.o_proj.weight", {2, 2}}, {layer + "mlp.gate_proj.weight", {2, 2}},
      {layer + "mlp.up_proj.weight", {2, 2}},      {layer + "mlp.down_proj.weight", {2, 2}}};
  std::string header, data;
  for (const auto& [name, shape] : tensors) {
    const std::size_t begin = data.size();
    std::size_t count = 1;
    std::string extents;
    for (const int extent : shape) {
      count *= extent;
      extents += (extents.empty() ? "" : ",") + std::to_string(extent);
    }
    for (std::size_t i = 0; i < count; ++i) data += std::string("\x80\x3f", 2);  // 1 as BF16
    header += (header.empty() ? "{\"" : ",\"") + name + "\":{\"dtype\":\"BF16\",\"shape\":[" + extents + "],\"data_offsets\":[" +
              std::to_string(begin) + "," + std::to_string(data.size()) + "]}";
  }
  folder.write("model.safetensors", safetensors(header + "}", data));
  folder.write("tokenizer.json", "{}");
  folder.write("config.json",
               "{\"model_type\":\"qwen2\",\"hidden_act\":\"silu\",\"hidden_size\":2,\"num_hidden_layers\":1,\"num_attention_heads\":1,"
               "\"num_key_value_heads\":1,\"intermediate_size\":2,\"vocab_size\":4,\"max_position_embeddings\":64,\"rope_theta\":10000.0,"
               "\"rms_norm_eps\":0.001,\"tie_word_embeddings\":true,\"eos_token_id\":3}");
}

}  // namespace shardlm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
