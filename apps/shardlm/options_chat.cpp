#include "options_parts.hpp"

namespace shardlm::app {

void add_chat(CLI::App& app, ChatOptions& o) {
  CLI::App* c = app.add_subcommand("chat", "Talk, a line at a time");
  explain(
      *c,
      "Starts four ranks on this machine; started by mpirun -n 4 it uses those. Ctrl-C stops an answer: where mpirun was started by "
      "hand, send it SIGUSR1 instead. /reset forgets the conversation, /stats tells what it took and cost, /exit or Ctrl-D ends. "
      "The environment variable SHARDLM_MPIRUN names another mpirun than that in PATH.",
      {"shardlm chat --model model.h5", "mpirun --bind-to none --hostfile hosts -n 4 shardlm chat --model /srv/model.h5 --interactive"});
  c->add_option("--model", o.model, "Model file (shardlm convert); with --protocol plain also a Hugging Face folder")
      ->required()
      ->type_name("FILE");
  c->add_option("--system", o.system, "System message (default: the model's own; empty: none)")->type_name("TEXT");
  c->add_option("-m,--max-tokens", o.max_tokens, "Most tokens of an answer")
      ->check(within(1, 1 << 24))
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--context", o.context, "Most tokens of the conversation, within what the model has")
      ->check(within(1, 1 << 24))
      ->capture_default_str()
      ->type_name("N");
  c->add_flag("--interactive", o.interactive, "Show a sign where a question is awaited (default: where input is a terminal)");
  add_sampling(*c, o.sampling);
  add_protocol(*c, o.protocol);
  add_job(*c, o);
}

}  // namespace shardlm::app
