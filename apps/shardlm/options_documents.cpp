// What the program says of itself in the forms that others read.
#include "manual.hpp"
#include "options_parts.hpp"

namespace shardlm::app {

void add_completion(CLI::App& app, DocumentOptions& o) {
  CLI::App* c = app.add_subcommand("completion", "Print the completion of a shell");
  explain(*c, "cmake --install puts all of them where shells look. Without that, read it in when the shell starts.",
          {"source <(shardlm completion bash)          # in ~/.bashrc", "shardlm completion zsh >~/.zfunc/_shardlm   # a folder of fpath",
           "shardlm completion fish >~/.config/fish/completions/shardlm.fish"},
          false);
  c->add_option("shell", o.shell, "The shell")
      ->required()
      ->check(CLI::IsMember(shells()).description(""))
      ->type_name("{" + CLI::detail::join(shells(), ",") + "}");
}

void add_manual(CLI::App& app) {
  CLI::App* c = app.add_subcommand("manual", "Print the manual page shardlm(1), in roff");
  explain(*c, "", {"shardlm manual | man -l -"}, false);
}

}  // namespace shardlm::app
