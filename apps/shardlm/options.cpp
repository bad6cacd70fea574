#include "options.hpp"

#include <CLI/CLI.hpp>
#include <Kokkos_Core.hpp>
#include <sstream>

#include "deck.hpp"

namespace shardlm::app {
namespace {

constexpr const char* kDeckHelp =
    "\nWith --config FILE every option can come from a TOML deck: under its long name without the dashes, in a section [generate],\n"
    "[convert] or [info]. The command line goes before the deck.";

std::string version() {
  std::ostringstream text;
  text << "shardlm " << SHARDLM_VERSION << " (Kokkos " << KOKKOS_VERSION / 10000 << "." << KOKKOS_VERSION / 100 % 100 << "."
       << KOKKOS_VERSION % 100 << " " << Kokkos::DefaultExecutionSpace::name() << ", ChaCha" << SHARDLM_CHACHA_ROUNDS << ")";
  return text.str();
}

template <class T>
CLI::Validator within(T least, T most) {
  return CLI::Range(least, most).description("");  // of which help says nothing; an error does
}

// Why a value is no protocol of this version, or "".
std::string check_protocol(const std::string& name) {
  if (name == "v3" || name == "plain") return "";
  for (const char* later : {"v2", "v3-ot", "v3-mpc", "v3-cc"})
    if (name == later) return "this version does not have the protocol " + name + " yet; it has v3 and plain";
  return "there is no protocol '" + name + "'; this version has v3 and plain";
}

void add_generate(CLI::App& app, GenerateOptions& o) {
  CLI::App* c = app.add_subcommand("generate", "Answer a prompt: mpirun -n 4 shardlm generate --model model.h5 --prompt-file question.txt");
  c->footer(
      "Ranks 0 to 3 are the client, server 0, server 1 and the dealer. Only the client reads the prompt, but arguments of one mpirun\n"
      "reach every rank's host, a -p among them: on several hosts the prompt comes from --prompt-file or standard input.\n" +
      std::string(kDeckHelp));
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
  c->add_option("-t,--temperature", o.sampling.temperature, "0: always the likeliest token")->capture_default_str()->type_name("X");
  c->add_option("--top-k", o.sampling.top_k, "Choose among the k likeliest tokens; 0: among all")->capture_default_str()->type_name("N");
  c->add_option("--top-p", o.sampling.top_p, "Choose among the likeliest tokens that have this probability together")
      ->capture_default_str()
      ->type_name("X");
  c->add_option("--repetition-penalty", o.sampling.repetition_penalty, "Above 1: avoid tokens that came before")
      ->capture_default_str()
      ->type_name("X");
  c->add_option("--seed", o.sampling.seed, "Of the choice of tokens (default: random)")->type_name("N");
  c->add_option("--protocol", o.protocol, "v3: private, on four ranks; plain: not private, in one process")
      ->check(check_protocol)
      ->capture_default_str()
      ->type_name("NAME");
  c->add_option("--out", o.out, "Write the answer to a file as well")->type_name("FILE");
  c->add_flag("--timing", o.timing, "Print at the end what the answer took");
  c->add_flag("--json", o.json, "Print one JSON object at the end instead of text as it comes");
  c->add_option("--dealer-ahead", o.dealer_ahead, "Bytes that the dealer may be ahead of the servers, such as 256M or 1G")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->default_str("256M")
      ->type_name("BYTES");
  c->add_option("--timeout", o.timeout, "Seconds after which a rank that went quiet is given up")
      ->check(within(1.0, 86400.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  c->add_option("--threads", o.threads, "Threads a rank (default: OMP_NUM_THREADS, or a third of the cores)")
      ->check(within(1, 4096))
      ->type_name("N");
}

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

Command::Kind chosen(const CLI::App& app) {
  if (app.got_subcommand("generate")) return Command::Kind::generate;
  if (app.got_subcommand("convert")) return Command::Kind::convert;
  return app.got_subcommand("info") ? Command::Kind::info : Command::Kind::none;
}

}  // namespace

Command parse(int argc, const char* const* argv) {
  Command command;
  CLI::App app("Private inference of Qwen2.5 on four MPI ranks: no server sees the prompt.", "shardlm");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.fallthrough();
  app.set_config("--config", "", "TOML deck of options");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.config_formatter(std::make_shared<Deck>(app));
  app.footer(kDeckHelp);
  add_generate(app, command.generate);
  add_convert(app, command.convert);
  add_info(app, command.info);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    std::ostringstream out;
    app.exit(success, out, out);
    command.text = out.str();
  } catch (const CLI::ConfigError& error) {
    command.trouble = "deck " + app.get_config_ptr()->as<std::string>() + ", " + error.what();
  } catch (const CLI::ParseError& error) {
    command.trouble = error.what();
  }
  command.kind = chosen(app);
  if (command.kind == Command::Kind::none && command.text.empty()) {
    const std::string first = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
    command.trouble =
        (first.empty() ? "say what to do" : "there is no subcommand '" + first + "'") + ": generate, convert or info; see shardlm --help";
  }
  return command;
}

}  // namespace shardlm::app
