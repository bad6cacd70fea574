// Models with random weights in the shape of any Qwen2.5: to try sizes, machines and networks without a download.
//
// Weights are normal with sigma 1 / sqrt(columns), of o and down less by sqrt(2 layers), and norm gains are 1: so queries,
// keys, values, gates and logits have a variance near 1 in every layer, and the residual stream grows by a constant. That is
// well inside what the protocol's numbers hold. The numbers come from a counter and a seed: they are no secret and no two
// machines may differ, or ranks that made the file each for itself would refuse one another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shardlm/io/model_config.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::io {

constexpr std::uint64_t kRandomModelSeed = 1;

struct RandomModel {
  std::string name;
  ModelConfig config;
  std::uint64_t seed = kRandomModelSeed;
};

// "0.5b", "1.5b", "3b", "7b", "14b", "32b", "72b".
const std::vector<std::string>& qwen_sizes();
ModelConfig qwen_size(const std::string& size);  // as its checkpoint's config.json has it, without end tokens; throws Error

// A size, or the path of a config.json or of a folder that has one. No end tokens: an answer is as long as was asked for.
RandomModel random_model(const std::string& size_or_config, std::uint64_t seed = kRandomModelSeed);

// Streams such a model into a file, as convert does. Its tokenizer has a token for each byte, 0 to 255, and the control tokens
// <|endoftext|>, <|im_start|> and <|im_end|> after them; the rest of the vocabulary spells nothing.
void convert_random(const RandomModel& model, const std::string& out, const Progress& progress, const FreeSpace& free_space = {});

// The text of that tokenizer's tokenizer.json.
std::string byte_tokenizer_json();

}  // namespace shardlm::io
