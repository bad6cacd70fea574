#include "options_parts.hpp"

namespace shardlm::app {

void add_generate(CLI::App& app, GenerateOptions& o) {
  CLI::App* c = app.add_subcommand("generate", "Answer a prompt, on four ranks that mpirun starts");
  explain(*c,
          "Ranks 0 to 3 are the client, server 0, server 1 and the dealer. Only the client reads the prompt, but arguments of one mpirun "
          "reach every rank's host, a -p among them: on several hosts the prompt comes from --prompt-file or standard input. As root, Open "
          "MPI wants "
          "OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 in the environment.",
          {"mpirun --bind-to none --oversubscribe -n 4 shardlm generate --model model.h5 -p \"Who wrote Faust?\"",
           "mpirun --bind-to none --hostfile hosts -n 4 shardlm generate --model /srv/model.h5 --prompt-file question.txt --timing",
           "shardlm generate --protocol plain --model model.h5 --prompt-file question.txt"});
  c->add_option("--model", o.model, "Model file (shardlm convert); with --protocol plain also a Hugging Face folder")
      ->required()
      ->type_name("FILE");
  CLI::Option* prompt = c->add_option("-p,--prompt", o.prompt, "The question")->type_name("TEXT");
  CLI::Option* file =
      c->add_option("--prompt-file", o.prompt_file, "Read the question from a file, or from standard input (-)")->type_name("FILE");
  prompt->excludes(file);
  c->add_option("--system", o.system, "System message (default: the model's own; empty: none)")->type_name("TEXT");
  c->add_flag("--raw", o.raw, "Continue the text as it is, without the chat template; control tokens in it count");
  c->add_option("-m,--max-tokens", o.max_tokens, "Most tokens of the answer")
      ->check(within(1, 1 << 24))
      ->capture_default_str()
      ->type_name("N");
  add_sampling(*c, o.sampling);
  add_protocol(*c, o.protocol);
  c->add_option("--precision", o.precision, "Of --protocol plain: float32, or bfloat16 as GPUs run it")
      ->check(CLI::IsMember({"float32", "bfloat16"}).description(""))
      ->capture_default_str()
      ->group(kPrivacy)
      ->type_name("{float32,bfloat16}");
  c->add_option("--out", o.out, "Write the answer to a file as well")->type_name("FILE");
  c->add_flag("--timing", o.timing, "Print at the end what the answer took: seconds by part, rounds, bytes, memory");
  c->add_flag("--json", o.json, "Print one JSON object at the end instead of text as it comes");
  add_job(*c, o);
}

}  // namespace shardlm::app
