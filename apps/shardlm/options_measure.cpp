#include "options_parts.hpp"

namespace shardlm::app {
namespace {

void add_prompts(CLI::App& c, std::string& prompts) {
  c.add_option(
       "--prompts", prompts,
       "File of prompts, one a line, as text or as {\"prompt\": TEXT, \"system\": TEXT, \"raw\": true} (default: eight of all kinds)")
      ->type_name("FILE");
}

}  // namespace

void add_compare(CLI::App& app, CompareOptions& o) {
  CLI::App* c = app.add_subcommand("compare", "Measure how close private answers are to plaintext ones");
  explain(
      *c,
      "Each prompt is answered by the plaintext engine in float; the private engine is then given the same tokens. For every position the "
      "logits are compared: likeliest token, root mean square and largest difference, KL divergence in nats. The client sees everything, "
      "the others what they always see.",
      {"mpirun --bind-to none --oversubscribe -n 4 shardlm compare --model model.h5 --reference Qwen2.5-0.5B-Instruct --prompts prompts.jsonl"});
  c->add_option("--model", o.model, "Model file")->required()->type_name("FILE");
  c->add_option("--reference", o.reference,
                "What the plaintext engine runs: a Hugging Face folder for the original weights (default: the model file)")
      ->type_name("PATH");
  add_prompts(*c, o.prompts);
  c->add_option("-m,--max-tokens", o.tokens, "Tokens that each prompt is continued with")
      ->check(within(0, 1 << 24))
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--passes", o.passes, "How often each prompt is answered, with fresh masks every time")
      ->check(within(1, 1 << 24))
      ->capture_default_str()
      ->type_name("N");
  c->add_flag("--bfloat16", o.bfloat16, "Run the plaintext engine in bfloat16 as well, and say how many times closer the private one is");
  c->add_flag("--json", o.json, "Print one JSON object instead of a table");
  add_private_protocol(*c, o.protocol);
  add_job(*c, o);
}

void add_check(CLI::App& app, CheckOptions& o) {
  CLI::App* c = app.add_subcommand("check", "Measure how large a model's values get, and the margin to what the protocol holds");
  explain(*c,
          "A value beyond what the protocol's rings and tables hold would ruin an answer without a sign: look before you serve a new model. Runs in "
          "plaintext, in one process, and ends with an error where a margin is too small, saying what to do.",
          {"shardlm check model.h5"});
  c->add_option("model", o.model, "Model file, or a Hugging Face folder")->required()->type_name("PATH");
  add_prompts(*c, o.prompts);
  c->add_option("-m,--max-tokens", o.tokens, "Tokens that each prompt is continued with")
      ->check(within(0, 1 << 24))
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--least-margin", o.least_margin, "A bound that is not this many times the largest value is an error")
      ->check(within(1.0, 1e6))
      ->capture_default_str()
      ->type_name("X");
  c->add_flag("--json", o.json, "Print one JSON object instead of a table");
  c->add_option("--threads", o.threads, "Threads (default: OMP_NUM_THREADS, or all cores)")->check(within(1, 4096))->type_name("N");
}

}  // namespace shardlm::app
