#include "manual.hpp"

#include "help.hpp"
#include "options_parts.hpp"

namespace shardlm::app {
namespace {

// Text that roff shows as it is: a backslash starts an escape, a dot or apostrophe a request where it begins a line, and a bare dash is a
// hyphen, which nobody can copy into a shell.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

std::string notes(const std::string& footer) {
  std::string out;
  for (const Block& block : blocks(footer)) {
    if (block.literal)
      out += ".PP\n.RS 4\n.nf\n" + roff(CLI::detail::find_and_replace("\n" + block.text, "\n  ", "\n").substr(1)) + "\n.fi\n.RE\n";
    else
      out += ".PP\n" + roff(block.text) + "\n";
  }
  return out;
}

std::string entry(const OptionOutline& o) {
  std::string out = ".TP\n";
  for (const std::string& name : o.names) out += (&name == &o.names[0] ? "" : ", ") + bold(name);
  if (!o.type.empty()) out += " " + italic(o.type);
  out += "\n" + roff(o.text);
  if (!o.fallback.empty()) out += " (default: " + roff(o.fallback) + ")";
  if (o.required) out += " (required)";
  return out + ".\n";
}

// with_help: --help, which all have, is said once.
std::string entries(const std::vector<OptionOutline>& options, bool with_help = false) {
  std::string out, group = options.empty() ? "" : options[0].group;
  for (const OptionOutline& o : options) {
    if (o.group != group) out += ".PP\n" + italic(o.group) + "\n";
    group = o.group;
    if (!with_help && o.names.back() == "--help") continue;
    out += entry(o);
  }
  return out;
}

// A subcommand and those that it has of its own.
std::string section(const CommandOutline& c) {
  std::string out = ".SS " + roff(c.path) + " " + roff(c.usage) + "\n" + roff(c.summary) + ".\n" + entries(c.arguments) +
                    entries(c.options) + notes(c.notes);
  for (const CommandOutline& own : c.commands) out += section(own);
  return out;
}

const char* const kDescription =
    ".SH DESCRIPTION\n"
    "Answers prompts with a Qwen2.5 language model on four MPI ranks: a client, two servers and a dealer. None but the client sees the "
    "prompt or\n"
    "the answer, as long as no two of the others work together. Lengths and times are not hidden, and MPI's traffic is plain unless\n"
    "\\fB\\-\\-secure\\-channels\\fR is given. The project's README says against whom each protocol protects.\n";

const char* const kRest =
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBOMP_NUM_THREADS\\fR\nThreads of each rank, where \\fB\\-\\-threads\\fR does not say it.\n"
    ".TP\n\\fBSHARDLM_ISA\\fR\nbaseline, avx2 or avx512: a lesser instruction set than the best that the machine has.\n"
    ".TP\n\\fBSHARDLM_MPIRUN\\fR\nThe mpirun that \\fBshardlm chat\\fR starts, instead of the one in \\fBPATH\\fR.\n"
    ".TP\n\\fBXDG_CACHE_HOME\\fR\nWhere files are kept that are used again, in a folder shardlm; by default ~/.cache.\n"
    ".SH FILES\n"
    ".TP\n\\fI~/.cache/shardlm/verified\\fR\nWhich model files were checked, so that they are not read whole again.\n"
    ".TP\n\\fI~/.cache/shardlm/tables\\fR\nSealed tables that this client was sent. Old ones can be removed at any time.\n"
    ".SH EXIT STATUS\n"
    "0 where all was done. Otherwise another number, after one sentence on standard error that says what is wrong; no rank of a job then "
    "ends with 0,\n"
    "and no half file is left.\n"
    ".SH SEE ALSO\n"
    "\\fBmpirun\\fR(1)\n";

}  // namespace

std::string manual(const CommandOutline& program, const std::string& version) {
  std::string out = ".\\\" Made of the program's options; do not change it by hand.\n.TH SHARDLM 1 \"\" \"shardlm " + roff(version) +
                    "\" \"User Commands\"\n";
  out += ".SH NAME\nshardlm \\- private inference of Qwen2.5 on four MPI ranks\n.SH SYNOPSIS\n";
  for (const CommandOutline& c : program.commands)
    out += (&c == &program.commands[0] ? "" : ".br\n") + bold(c.path) + " " + roff(c.usage) + "\n";
  out += kDescription;
  out += ".SH OPTIONS\n" + entries(program.options, true) + notes(program.notes);
  out += ".SH SUBCOMMANDS\n";
  for (const CommandOutline& c : program.commands) out += section(c);
  return out + ".SH DECKS\n" + notes(kDeckHelp) + kRest;
}

const std::vector<std::string>& shells() {
  static const std::vector<std::string> names{"bash", "zsh", "fish"};
  return names;
}

std::string completion(const CommandOutline& program, const std::string& shell) {
  return shell == "bash" ? bash_completion(program) : shell == "zsh" ? zsh_completion(program) : fish_completion(program);
}

}  // namespace shardlm::app
