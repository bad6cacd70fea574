#include <algorithm>

#include "manual.hpp"

namespace shardlm::app {
namespace {

// The path below the program, as the script keeps it: "", "generate", "ot make".
std::string key(const CommandOutline& c, const CommandOutline& program) {
  return c.path.substr(std::min(c.path.size(), program.name.size() + 1));
}

std::string quoted(const std::string& key) { return key.find(' ') == std::string::npos ? key : '"' + key + '"'; }

// What each subcommand adds to one `case` of the script.
struct Cases {
  std::string with_value, steps, values, options, positions;
};

// How the value of an option, or an argument, is completed; "" where nobody can know it.
std::string complete(const OptionOutline& o) {
  std::string line;
  if (!words(o).empty()) line += "COMPREPLY+=($(compgen -W \"" + CLI::detail::join(words(o), " ") + "\" -- \"$word\")); ";
  if (is_file(o)) line += "_shardlm_paths -f; ";
  if (is_folder(o)) line += "_shardlm_paths -d; ";
  return line;
}

void add_options(const std::vector<OptionOutline>& options, const std::string& command, Cases& cases, std::string& names) {
  for (const OptionOutline& o : options) {
    std::string patterns;
    for (const std::string& name : o.names) {
      names += (names.empty() ? "" : " ") + name;
      patterns += (patterns.empty() ? "" : "|") + ('"' + command + ":" + name + '"');
    }
    if (!o.takes_value) continue;
    cases.with_value += (cases.with_value.empty() ? "" : "|") + patterns;
    cases.values += "    " + patterns + ") " + complete(o) + "return ;;\n";
  }
}

void add(const CommandOutline& c, const CommandOutline& program, Cases& cases) {
  const std::string command = key(c, program);
  std::string names;
  add_options(c.options, command, cases, names);
  if (!command.empty())  // a deck may be named behind a subcommand as well
    for (const OptionOutline& o : program.options)
      if (o.takes_value) add_options({o}, command, cases, names);
  cases.options += "    \"" + command + "\") names=\"" + names + "\" ;;\n";
  std::string positions;
  for (const CommandOutline& own : c.commands) {
    cases.steps += "      \"" + command + ":" + own.name + "\") command=" + quoted(key(own, program)) + " ;;\n";
    positions += (positions.empty() ? "" : " ") + own.name;
  }
  if (!positions.empty()) positions = "COMPREPLY=($(compgen -W \"" + positions + "\" -- \"$word\")); ";
  for (const OptionOutline& o : c.arguments)
    if (positions.find(complete(o)) == std::string::npos) positions += complete(o);
  if (!positions.empty()) cases.positions += "    \"" + command + "\") " + positions + ";;\n";
  for (const CommandOutline& own : c.commands) add(own, program, cases);
}

// The arguments are names of files, which bash quotes if it knows them as such.
const char* const kPaths =
    "_shardlm_paths() {\n"
    "  compopt -o filenames 2>/dev/null\n"
    "  local path\n"
    "  while IFS= read -r path; do COMPREPLY+=(\"$path\"); done < <(compgen \"$1\" -- \"$word\")\n"
    "}\n\n";

// bash takes --model=FILE for three words.
const char* const kBegin =
    "_shardlm() {\n"
    "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=\"\" names=\"\" i w\n"
    "  COMPREPLY=()\n"
    "  [[ $word != \"=\" ]] || word=\"\"\n"
    "  [[ $before != \"=\" ]] || before=${COMP_WORDS[COMP_CWORD-2]}\n"
    "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
    "    w=${COMP_WORDS[i]}\n"
    "    case \"$command:$w\" in\n";

}  // namespace

std::string bash_completion(const CommandOutline& program) {
  Cases cases;
  add(program, program, cases);
  std::string out = "# bash completion of " + program.name + ", made of the program's options; do not change it by hand.\n";
  out += kPaths;
  out += kBegin;
  out += "      " + cases.with_value + ")\n        [[ ${COMP_WORDS[i + 1]:-} != \"=\" ]] || ((++i))\n        ((++i)) ;;\n" + cases.steps;
  out += "    esac\n  done\n  case \"$command:$before\" in\n" + cases.values + "  esac\n";
  out += "  case \"$command\" in\n" + cases.options + "  esac\n";
  out += "  if [[ $word == -* ]]; then\n    COMPREPLY=($(compgen -W \"$names\" -- \"$word\"))\n    return\n  fi\n";
  out += "  case \"$command\" in\n" + cases.positions + "  esac\n}\n\n";
  return out + "complete -F _shardlm " + program.name + "\n";
}

}  // namespace shardlm::app
