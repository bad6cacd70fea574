// The command line as data: what the manual page and the completions of shells are made of, so that no option can be missing there.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace shardlm::app {

struct OptionOutline {
  std::vector<std::string> names;  // "-m", "--max-tokens"; of an argument without dashes "model"
  bool takes_value = false;
  std::string type;                  // of the value: "FILE", "N", "{v2,v3}"
  std::vector<std::string> choices;  // those in braces
  std::string fallback;              // the default, or ""
  bool required = false;
  std::string text, group;
};

struct CommandOutline {
  std::string name, path;  // "make", "shardlm ot make"
  std::string summary, usage;
  std::string notes;  // paragraphs and examples, for blocks()
  std::vector<OptionOutline> options, arguments;
  std::vector<CommandOutline> commands;
};

CommandOutline outline(const CLI::App& app);

// Whether a value is a file's or folder's name, so that a shell completes it as one. Of choices, one may be FILE.
bool is_file(const OptionOutline& option);
bool is_folder(const OptionOutline& option);
std::vector<std::string> words(const OptionOutline& option);  // the choices that are words to type

}  // namespace shardlm::app
