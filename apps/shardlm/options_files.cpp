#include "options_parts.hpp"

namespace shardlm::app {

void add_convert(CLI::App& app, ConvertOptions& o) {
  CLI::App* c = app.add_subcommand("convert", "Make a model file: shardlm convert HF_FOLDER model.h5");
  c->add_option("folder", o.folder, "Hugging Face folder: config.json, tokenizer.json, *.safetensors")->required();
  c->add_option("out", o.out, "Model file to write")->required();
}

void add_info(CLI::App& app, InfoOptions& o) {
  CLI::App* c = app.add_subcommand("info", "Show what a model file holds and what a request will cost");
  c->add_option("model", o.model, "Model file, or a Hugging Face folder")->required();
  c->add_option("-T,--tokens", o.tokens, "Tokens of the prompt")->check(within(1, 1 << 24))->capture_default_str();
  c->add_option("-m,--max-tokens", o.answer, "Tokens of the answer")->check(within(1, 1 << 24))->capture_default_str();
}

}  // namespace shardlm::app
