#include "options.hpp"

#include <sstream>
#include <string>

#include "deck.hpp"
#include "help.hpp"
#include "manual.hpp"
#include "options_parts.hpp"
#include "version.hpp"

namespace shardlm::app {
namespace {

struct Subcommand {
  const char* name;
  Command::Kind kind;
  void (*add)(CLI::App&, Command&);
};

const Subcommand kSubcommands[] = {
    {"generate", Command::Kind::generate, [](CLI::App& app, Command& c) { add_generate(app, c.generate); }},
    {"chat", Command::Kind::chat, [](CLI::App& app, Command& c) { add_chat(app, c.chat); }},
    {"serve", Command::Kind::serve, [](CLI::App& app, Command& c) { add_serve(app, c.serve); }},
    {"convert", Command::Kind::convert, [](CLI::App& app, Command& c) { add_convert(app, c.convert); }},
    {"share", Command::Kind::share, [](CLI::App& app, Command& c) { add_share(app, c.share); }},
    {"ot", Command::Kind::ot_make, [](CLI::App& app, Command& c) { add_ot(app, c.ot); }},
    {"seal", Command::Kind::seal, [](CLI::App& app, Command& c) { add_seal(app, c.seal); }},
    {"unseal", Command::Kind::unseal, [](CLI::App& app, Command& c) { add_unseal(app, c.unseal); }},
    {"keys", Command::Kind::keys_new, [](CLI::App& app, Command& c) { add_keys(app, c.keys); }},
    {"compare", Command::Kind::compare, [](CLI::App& app, Command& c) { add_compare(app, c.compare); }},
    {"bench", Command::Kind::bench, [](CLI::App& app, Command& c) { add_bench(app, c.bench); }},
    {"check", Command::Kind::check, [](CLI::App& app, Command& c) { add_check(app, c.check); }},
    {"info", Command::Kind::info, [](CLI::App& app, Command& c) { add_info(app, c.info); }},
    {"client", Command::Kind::client_health, [](CLI::App& app, Command& c) { add_client(app, c.client); }},
    {"completion", Command::Kind::document, [](CLI::App& app, Command& c) { add_completion(app, c.document); }},
    {"manual", Command::Kind::document, [](CLI::App& app, Command&) { add_manual(app); }},
};

// Of those that have subcommands of their own.
struct Nested {
  const char *name, *own;
  Command::Kind kind;
};

const Nested kNested[] = {
    {"ot", "make", Command::Kind::ot_make},
    {"ot", "rotate", Command::Kind::ot_rotate},
    {"keys", "new", Command::Kind::keys_new},
    {"keys", "show", Command::Kind::keys_show},
    {"keys", "trial", Command::Kind::keys_trial},
    {"keys", "data", Command::Kind::keys_data},
    {"client", "health", Command::Kind::client_health},
    {"client", "info", Command::Kind::client_info},
    {"client", "generate", Command::Kind::client_generate},
    {"client", "chat", Command::Kind::client_chat},
    {"client", "benchmark", Command::Kind::client_benchmark},
};

Command::Kind chosen(const CLI::App& app) {
  for (const Nested& n : kNested)
    if (app.got_subcommand(n.name) && app.get_subcommand(n.name)->got_subcommand(n.own)) return n.kind;
  for (const Subcommand& s : kSubcommands)
    if (app.got_subcommand(s.name)) return s.kind;
  return Command::Kind::none;
}

// "generate, convert or info".
std::string names() {
  std::string all;
  const std::size_t n = std::size(kSubcommands);
  for (std::size_t i = 0; i < n; ++i) all += (i == 0 ? "" : i + 1 < n ? ", " : " or ") + std::string(kSubcommands[i].name);
  return all;
}

// What a subcommand of the kind document prints.
std::string document(const CLI::App& app, const Command& command) {
  const CommandOutline all = outline(app);
  return app.got_subcommand("manual") ? manual(all, SHARDLM_VERSION) : completion(all, command.document.shell);
}

}  // namespace

void build(CLI::App& app, Command& command) {
  app.name("shardlm");
  app.description("Private inference of Qwen2.5 on four MPI ranks: no server sees the prompt.");
  app.formatter(std::make_shared<Help>());
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("--version", version(), "Print the version, and what it was built with");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_config("--config", "", "TOML deck of options")->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.config_formatter(std::make_shared<Deck>(app));
  explain(app,
          "First convert a checkpoint to a model file, then ask. The four ranks can be on one machine, to try it, or on four. "
          "shardlm SUBCOMMAND --help tells of each subcommand, shardlm manual of all.",
          {"shardlm convert Qwen2.5-0.5B-Instruct model.h5", "shardlm info model.h5", "shardlm chat --model model.h5",
           "mpirun --bind-to none --oversubscribe -n 4 shardlm generate --model model.h5 -p \"Who wrote Faust?\""});
  for (const Subcommand& s : kSubcommands) s.add(app, command);
}

Command parse(int argc, const char* const* argv) {
  Command command;
  CLI::App app;
  build(app, command);
  try {
    app.parse(argc, argv);
    if (chosen(app) == Command::Kind::document) command.text = document(app, command);
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
        (first.empty() ? "say what to do" : "there is no subcommand '" + first + "'") + ": " + names() + "; see shardlm --help";
  }
  return command;
}

}  // namespace shardlm::app
