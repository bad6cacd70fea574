#include "options_parts.hpp"
#include "shardlm/protocol/preset_names.hpp"

namespace shardlm::app {
namespace {

const char* const kNotes =
    "A gateway (shardlm serve) is its user's own trusted side of the four ranks: the prompt reaches it as it is, and only behind it turns "
    "into shares. So it belongs on your own machine. Posting a prompt to somebody else's gateway gives the prompt away.";

void add_server(CLI::App& c, HttpClientOptions& o) {
  c.add_option("-s,--server", o.server, "Address of the gateway; https:// where something in front of it speaks TLS")->capture_default_str()->type_name("URL");
  c.add_option("--api-key-file", o.api_key_file, "File with the key that the gateway asks for")->type_name("FILE");
  c.add_option("--timeout", o.timeout, "Seconds after which a gateway that went quiet is given up")
      ->check(within(1.0, 86400.0))
      ->capture_default_str()
      ->type_name("SECONDS");
}

void add_served_protocol(CLI::App& c, HttpClientOptions& o, const char* flags) {
  const std::vector<std::string>& names = protocol::preset_names();
  c.add_option(flags, o.protocol, "One of the protocols that the gateway loaded (default: the first that shardlm client info lists)")
      ->check(CLI::IsMember(names).description(""))
      ->type_name("{" + CLI::detail::join(names, ",") + "}");
}

void add_prompt(CLI::App& c, HttpClientOptions& o, const char* what) {
  CLI::Option* prompt = c.add_option("-p,--prompt", o.prompt, what)->type_name("TEXT");
  c.add_option("--prompt-file", o.prompt_file, "Read it from a file, or from standard input (-)")->type_name("FILE")->excludes(prompt);
}

void add_system(CLI::App& c, HttpClientOptions& o) {
  c.add_option("--system", o.system, "System message (default: the model's own; empty: none)")->type_name("TEXT");
}

void add_tokens(CLI::App& c, const char* flags, std::size_t& tokens, const char* what) {
  c.add_option(flags, tokens, what)->check(within(1, 1 << 24))->capture_default_str()->type_name("N");
}

void add_runs(CLI::App& c, HttpClientOptions& o) {
  c.add_option("-r,--runs", o.runs, "Measured runs")->check(within(1, 1 << 20))->capture_default_str()->type_name("N");
  add_tokens(c, "-m,--max-tokens", o.max_new, "Most new tokens of each run");
  c.add_option("-w,--warmup", o.warmup, "Runs before them")->check(within(0, 1 << 20))->capture_default_str()->type_name("N");
  c.add_option("-o,--out", o.out, "Write the results as JSON")->type_name("FILE");
  c.add_flag("--raw", o.raw, "With every single time in it");
}

}  // namespace

void add_client(CLI::App& app, HttpClientOptions& o) {
  CLI::App* c = app.add_subcommand("client", "Use a gateway (shardlm serve) over HTTP");
  c->require_subcommand(1);
  std::vector<std::string> all;
  const auto add = [&](const char* name, const char* what, const std::string& notes, const std::string& example) {
    CLI::App* s = c->add_subcommand(name, what);
    explain(*s, notes + (notes.empty() ? "" : "\n\n") + kNotes, {example});
    add_server(*s, o);
    all.push_back(example);
    return s;
  };
  CLI::App* s = add("health", "Does the gateway take requests?", "The exit status is 0 only where it does.", "shardlm client health");
  s->add_flag("--json", o.json, "Print one JSON object instead of text");
  s = add("info", "What a gateway serves", "", "shardlm client info -s http://localhost:9090");
  s->add_flag("--json", o.json, "Print the gateway's own JSON instead of text");
  s = add("generate", "Answer a prompt", "The text is shown as it comes; Ctrl-C ends, and frees the request's place at the gateway.",
          "shardlm client generate -p \"Who wrote Faust?\"");
  add_prompt(*s, o, "The question");
  add_system(*s, o);
  add_tokens(*s, "-m,--max-tokens", o.max_tokens, "Most tokens of the answer");
  add_sampling(*s, o.sampling);
  add_served_protocol(*s, o, "--protocol");
  s->add_flag("--json", o.json, "Print the gateway's whole answer as JSON, when it is there");
  s = add("chat", "Talk, a line at a time",
          "The conversation is kept here and sent whole with each question; the gateway keeps nothing of it. Ctrl-C stops an answer, /reset forgets "
          "the conversation, /stats tells what it took and cost, /exit or Ctrl-D ends.",
          "shardlm client chat");
  add_system(*s, o);
  add_tokens(*s, "-m,--max-tokens", o.max_tokens, "Most tokens of an answer");
  add_sampling(*s, o.sampling);
  add_served_protocol(*s, o, "--protocol");
  s = add("benchmark", "Measure a protocol through a gateway",
          "Each run posts the same prompt to the protocol's own endpoint; warm-up runs are not counted. Times are those that the gateway counted, "
          "and wall, which was measured here. Prints a table; docs/results.md says what -o writes. shardlm bench measures without HTTP.",
          "shardlm client benchmark -s http://localhost:9090 -e v3 -r 20 -m 50 -w 3 -o results.json --raw");
  add_prompt(*s, o, "The text, as it is, without a chat template (default: a short question in it)");
  add_sampling(*s, o.sampling);
  add_served_protocol(*s, o, "-e,--protocol");
  add_runs(*s, o);
  s->add_flag("--json", o.json, "Print the results as JSON instead of a table");
  explain(*c, kNotes, all, false);
}

}  // namespace shardlm::app
