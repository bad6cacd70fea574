#include "manual.hpp"

namespace shardlm::app {
namespace {

// Within single quotes, for _arguments: brackets and colons are its own.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += "'\\'";
    else if (c == '[' || c == ']' || c == ':' || c == '\\')
      out += '\\';
    out += c;
  }
  return out;
}

std::string action(const OptionOutline& o) {
  const std::string choices = CLI::detail::join(words(o), " ");
  if (is_file(o) && choices.empty()) return "_files";
  if (is_file(o)) return " __shardlm_or_files " + choices;  // the space: it takes no arguments from _arguments
  if (is_folder(o)) return "_files -/";
  return choices.empty() ? " " : "(" + choices + ")";
}

// '(-m --max-tokens)'{-m+,--max-tokens=}'[Most tokens]:N:_files'
std::string specification(const OptionOutline& o) {
  std::string names, forms;
  for (const std::string& name : o.names) {
    names += (names.empty() ? "" : " ") + name;
    forms += (forms.empty() ? "" : ",") + name + (!o.takes_value ? "" : name[1] == '-' ? "=" : "+");
  }
  if (o.names.size() > 1) forms = "'(" + names + ")'{" + forms + "}";
  std::string out = forms + "'[" + escaped(o.text) + "]";
  if (o.takes_value) out += ":" + escaped(o.type) + ":" + action(o);
  return out + "'";
}

// What _arguments takes: a line each.
std::string specifications(const CommandOutline& c) {
  std::string out;
  for (const OptionOutline& o : c.options) out += " \\\n    " + specification(o);
  for (const OptionOutline& o : c.arguments)
    out += " \\\n    '" + std::string(o.required ? ":" : "::") + escaped(o.names[0]) + ":" + action(o) + "'";
  return out;
}

// In a function of its own, because colons within an action are not to be had.
const char* const kOrFiles = "__shardlm_or_files() {\n  _alternative \"words:word:($*)\" 'files:file:_files'\n}\n\n";

std::string name_of_function(const CommandOutline& c) { return "_" + CLI::detail::find_and_replace(c.path, " ", "_"); }

// A function a subcommand; one that has subcommands of its own goes on with theirs.
std::string functions(const CommandOutline& c, const std::string& global) {
  std::string out, names, cases;
  for (const CommandOutline& own : c.commands) {
    out += functions(own, global);
    names += "        '" + own.name + ":" + escaped(own.summary) + "'\n";
    cases += "        " + own.name + ") " + name_of_function(own) + " ;;\n";
  }
  out += name_of_function(c) + "() {\n";
  if (c.commands.empty()) return out + "  _arguments -s" + specifications(c) + global + "\n}\n\n";
  out += "  local curcontext=$curcontext state line\n  local -a commands\n";
  out += "  _arguments -C" + specifications(c) + " \\\n    '1:subcommand:->subcommand' \\\n    '*::argument:->argument'\n";
  out += "  case $state in\n    subcommand)\n      commands=(\n" + names + "      )\n      _describe -t commands subcommand commands ;;\n";
  return out + "    argument)\n      case $line[1] in\n" + cases + "      esac ;;\n  esac\n}\n\n";
}

}  // namespace

std::string zsh_completion(const CommandOutline& program) {
  std::string global;  // a deck may be named behind a subcommand as well
  for (const OptionOutline& o : program.options)
    if (o.takes_value) global += " \\\n    " + specification(o);
  return "#compdef " + program.name + "\n# Made of the program's options; do not change it by hand.\n" + kOrFiles +
         functions(program, global) + "if [[ $funcstack[1] == _shardlm ]]; then\n  _shardlm \"$@\"\nelse\n  compdef _shardlm " +
         program.name + "\nfi\n";
}

}  // namespace shardlm::app
