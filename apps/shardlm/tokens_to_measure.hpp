// The prompt of a benchmark.
#pragma once

#include "bench_results.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::app {

struct MeasuredPrompt {
  std::string text;
  std::size_t text_tokens = 0;       // of the text as the tokenizer reads it, with its template where that was asked for
  std::vector<text::Token> tokens;   // that are measured
  void describe(BenchResults& results) const;
};

// The text's tokens; with --tokens N repeated or cut until they are N. Throws Error for what does not fit the model, or for a file that cannot
// be read.
MeasuredPrompt tokens_to_measure(const BenchOptions& options, const io::ModelConfig& config, const std::string& tokenizer_json,
                                 const std::string& chat_template);

}  // namespace shardlm::app
