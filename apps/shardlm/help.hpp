// How help reads: folded to 80 columns, with the notes and examples that explain() gave. The manual page reads the same texts.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace shardlm::app {

// A piece of a footer: a paragraph to fold, or lines to show as they are, such as commands, which begin with two spaces.
struct Block {
  bool literal = false;
  std::string text;  // of a paragraph one line
};
std::vector<Block> blocks(const std::string& footer);

// A footer without what is said of decks in each: kDeckHelp.
std::string without_deck_help(std::string footer);

class Help : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_footer(const CLI::App* app) const override;
};

}  // namespace shardlm::app
