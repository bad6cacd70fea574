// What a model file holds: one list, from which it is written and against which it is read.
//
// Attributes of the root: format, version, name, the configuration, the scales of its numbers, and a digest over the
// configuration and all datasets' names, shapes and checksums. Datasets, all contiguous and little-endian, each with an
// attribute sha256:
//   tokenizer, chat_template                     uint8   texts; the template only if there is one
//   embedding                                    uint16 or float32 [vocabulary][hidden], with attribute encoding BF16, F16 or F32
//   layers/N/{qkv, o, gate_up, down}, head       int16   [planes][panels][columns / 2][32][2] (core/panels.hpp)
//   the same names + "_exponents"                int8    [rows]
//   layers/N/qkv_bias                            int64   [rows]
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "shardlm/io/model_config.hpp"
#include "shardlm/io/safetensors.hpp"

namespace shardlm::io {

constexpr const char* kFormat = "shardlm-model";
constexpr std::int64_t kVersion = 1;
constexpr std::size_t kAlignment = 64;  // of every dataset in the file, so that any element may be used where it lies

enum class Element { u8, i8, u16, i16, f32, i64 };
std::size_t bytes_of(Element element);
hid_t file_type(Element element);  // owned by HDF5

struct DatasetSpec {
  std::string path;
  Element element = Element::u8;
  std::vector<hsize_t> shape;
  std::uint64_t bytes() const;
};

// A weight matrix, of rows x columns.
struct MatrixSpec {
  std::string path;
  std::size_t rows = 0, columns = 0;
  int planes = 1;
};

std::vector<MatrixSpec> matrices(const ModelConfig& config);
// All datasets: texts, embedding, then every matrix with its exponents, biases after qkv.
std::vector<DatasetSpec> datasets(const ModelConfig& config, FloatType embedding, std::size_t tokenizer_bytes, std::size_t template_bytes);

// Numbers that a file must share with this program, and the configuration.
void write_config(hid_t root, const ModelConfig& config);
// Throws Error naming `where`; the result is checked.
ModelConfig read_config(hid_t root, const std::string& where);

// The digest of a file with this configuration whose datasets have these checksums, in order.
std::string digest_of(const ModelConfig& config, FloatType embedding, const std::vector<DatasetSpec>& list,
                      const std::vector<std::string>& checksums);

}  // namespace shardlm::io
