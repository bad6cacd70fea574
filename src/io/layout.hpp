// What a model file holds: one list, from which it is written and against which it is read.
//
// Attributes, in the manifest (manifest.hpp) and of HDF5's root: the configuration and the scales of its numbers. Datasets, all
// contiguous and little-endian:
//   tokenizer, chat_template                     uint8   texts; the template only if there is one
//   embedding                                    uint16 or float32 [vocabulary][hidden], with encoding BF16, F16 or F32
//   layers/N/{qkv, o, gate_up, down}, head       int16   [planes][panels][columns / 2][32][2] (core/panels.hpp)
//   the same names + "_exponents"                int8    [rows]
//   layers/N/qkv_bias                            int64   [rows]
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "manifest.hpp"
#include "shardlm/io/model_config.hpp"
#include "shardlm/io/safetensors.hpp"

namespace shardlm::io {

constexpr FileFormat kModelFormat{"shardlm-model", 2, "model file", "convert the checkpoint again"};

// A weight matrix, of rows x columns.
struct MatrixSpec {
  std::string path;
  std::size_t rows = 0, columns = 0;
  int planes = 1;
};

std::vector<MatrixSpec> matrices(const ModelConfig& config);
// All datasets: texts, embedding, then every matrix with its exponents, biases after qkv.
std::vector<DatasetSpec> datasets(const ModelConfig& config, FloatType embedding, std::size_t tokenizer_bytes, std::size_t template_bytes);

// The configuration, and numbers that a file must share with this program.
nlohmann::json attributes_of(const ModelConfig& config);
// Throws Error naming `where`; the result is checked.
ModelConfig config_of(const nlohmann::json& attributes, const std::string& where);

}  // namespace shardlm::io
