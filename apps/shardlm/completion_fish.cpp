#include "manual.hpp"

namespace shardlm::app {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string names_of(const std::vector<CommandOutline>& commands) {
  std::string out;
  for (const CommandOutline& c : commands) out += " " + c.name;
  return out;
}

// How a value is completed: -x takes no file names, -r any.
std::string value(const OptionOutline& o) {
  std::string out = is_file(o) || is_folder(o) ? " -r" : " -x";
  if (is_file(o)) out += " -F";
  if (!words(o).empty()) out += " -a " + quoted(CLI::detail::join(words(o), " "));
  if (is_folder(o)) out += " -a '(__fish_complete_directories)'";
  return out;
}

std::string option(const OptionOutline& o, const std::string& line) {
  std::string out = line;
  for (const std::string& name : o.names) out += name[1] == '-' ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (o.takes_value) out += value(o);
  return out + " -d " + quoted(o.text) + "\n";
}

// Where other subcommands have one of this name of their own: the condition that none of them was seen. `client generate` is not `generate`.
std::string not_within(const CommandOutline& program, const std::string& name) {
  std::string out;
  for (const CommandOutline& c : program.commands)
    for (const CommandOutline& own : c.commands)
      if (own.name == name) out += "; and not __fish_seen_subcommand_from " + c.name;
  return out;
}

// around: the condition under which a subcommand is awaited, or its options are.
std::string lines(const CommandOutline& c, const CommandOutline& program, const std::string& here) {
  const std::string line = "complete -c shardlm" + (here.empty() ? "" : " -n " + quoted(here));
  std::string out;
  for (const OptionOutline& o : c.options) out += option(o, line);
  for (const OptionOutline& o : c.arguments)
    out += line + (is_file(o) || is_folder(o) ? " -F" : " -f") +
           (words(o).empty() ? "" : " -a " + quoted(CLI::detail::join(words(o), " "))) + "\n";
  const std::string seen = "__fish_seen_subcommand_from";
  const std::string before = here.empty() ? "__fish_use_subcommand" : here + "; and not " + seen + names_of(c.commands);
  for (const CommandOutline& own : c.commands) {
    out += "complete -c shardlm -n " + quoted(before) + " -a " + own.name + " -d " + quoted(own.summary) + "\n";
    out += lines(own, program, (here.empty() ? "" : here + "; and ") + seen + " " + own.name + not_within(program, here.empty() ? own.name : ""));
  }
  return out;
}

}  // namespace

std::string fish_completion(const CommandOutline& program) {
  return "# fish completion of " + program.name + ", made of the program's options; do not change it by hand.\ncomplete -c shardlm -f\n" +
         lines(program, program, "");
}

}  // namespace shardlm::app
