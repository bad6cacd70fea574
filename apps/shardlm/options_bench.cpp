#include "options_parts.hpp"

namespace shardlm::app {

void add_bench(CLI::App& app, BenchOptions& o) {
  CLI::App* c = app.add_subcommand("bench", "Measure a protocol");
  explain(
      *c,
      "Every run answers the same prompt with exactly --max-tokens tokens; an end token ends none. Warm-up runs are not counted. "
      "Prints a table; -o writes all of it as JSON, --trace when each rank did what, for h5py, h5dump or perf/report. "
      "docs/results.md says what stands there. -e plain measures the plaintext engine, in one process.",
      {"mpirun --bind-to none --oversubscribe -n 4 shardlm bench -e v3 --model model.h5 -r 10 -o v3.json",
       "mpirun --bind-to none --oversubscribe -n 4 shardlm bench -e v3-mpc --one-machine --model shares --tokens 128 -m 16 --trace trace.h5",
       "shardlm bench -e plain --model model.h5"});
  c->add_option("--model", o.model, "Model file (shardlm convert); with -e plain also a Hugging Face folder")->required()->type_name("FILE");
  add_protocol(*c, o.protocol, "-e,--protocol");
  CLI::Option* prompt = c->add_option("-p,--prompt", o.prompt, "The text (default: Hello, how are you?)")->type_name("TEXT");
  c->add_option("--prompt-file", o.prompt_file, "Read the text from a file, or from standard input (-)")->type_name("FILE")->excludes(prompt);
  c->add_option("--tokens", o.tokens, "Measure a prompt of exactly so many tokens: the text's, repeated or cut (default: the text's own number)")
      ->check(within(1, 1 << 24))
      ->type_name("N");
  c->add_flag("--chat", o.chat, "Put the text into the model's chat template, as generate does (default: as it is)");
  c->add_option("-m,--max-tokens", o.max_tokens, "New tokens of each run")->check(within(1, 1 << 24))->capture_default_str()->type_name("N");
  add_sampling(*c, o.sampling);
  c->add_option("-r,--runs", o.runs, "Measured runs")->check(within(1, 1 << 20))->capture_default_str()->type_name("N");
  c->add_option("-w,--warmup", o.warmup, "Runs before them")->check(within(0, 1 << 20))->capture_default_str()->type_name("N");
  c->add_option("-o,--out", o.out, "Write the results as JSON")->type_name("FILE");
  c->add_flag("--raw", o.raw, "With every single time in it");
  c->add_option("--trace", o.trace, "Write a trace as HDF5: every rank's regions, by layer")->type_name("FILE");
  add_job(*c, o);
}

}  // namespace shardlm::app
