// The plaintext engine's part of a comparison, computed before the private one runs.
#pragma once

#include <string>
#include <vector>

#include "logit_distance.hpp"
#include "prompts_file.hpp"
#include "shardlm/io/model_config.hpp"

namespace shardlm::app {

// One prompt and the tokens that the plaintext engine, in float and always taking the likeliest, goes on with.
struct Reference {
  PromptLine prompt;
  std::vector<text::Token> forced;
  std::vector<std::vector<float>> logits;  // after the prompt, and after each forced token
  std::vector<LogitDistance> bfloat16;     // the same in bfloat16, where asked for
};

// model: a model file or a Hugging Face folder. Continues every prompt with `forced` tokens. Throws Error for a prompt that the
// model cannot take.
std::vector<Reference> make_references(const std::string& model, const std::vector<PromptLine>& prompts, std::size_t forced, bool bfloat16);

}  // namespace shardlm::app
