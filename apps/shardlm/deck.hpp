// Decks: the part of TOML that options need. A section a subcommand, in it one key = value a line; values are strings, numbers,
// true or false. CLI11's own reader takes more (and cuts strings at '#'), and keeps quiet about much of what it does not know.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <istream>
#include <string>
#include <vector>

namespace shardlm::app {

struct DeckEntry {
  std::string section, key, value;
};

// A trouble of one line, which read_deck names.
struct DeckTrouble {
  std::string sentence;
};

// Calls one or the other for each line that says something, which may throw DeckTrouble. Throws CLI::ConfigError, "line 3: ...".
void read_deck(std::istream& input, const std::function<void(const std::string& section)>& section_comes,
               const std::function<void(const DeckEntry&)>& entry_comes);

class Deck : public CLI::ConfigBase {
 public:
  explicit Deck(const CLI::App& app) : app_(app) {}
  // Throws CLI::ConfigError, "line 3: ...", for anything but options of the program.
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

 private:
  const CLI::Option& option(const std::string& section, const std::string& key) const;
  const CLI::App& app_;
};

}  // namespace shardlm::app
