// What a model file is made from: a checkpoint, or numbers that are drawn.
#pragma once

#include <functional>
#include <string>

#include "output_file.hpp"
#include "shardlm/io/checkpoint.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::io {

struct ModelSource {
  ModelConfig config;
  std::string name, tokenizer_json, chat_template;
  FloatTensor embedding, final_norm, head;
  std::function<LayerTensors(std::size_t)> layer;
  // These elements are not needed soon.
  std::function<void(const FloatTensor& tensor, std::size_t first, std::size_t n)> release;
};

// Streams everything into the file and gives the file its name.
void write_model(const ModelSource& source, OutputFile& file, const Progress& progress);

}  // namespace shardlm::io
