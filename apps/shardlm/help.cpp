#include "help.hpp"

#include <sstream>

#include "options_parts.hpp"

namespace shardlm::app {
namespace {

constexpr std::size_t kWidth = 80, kColumn = 28;  // of the page, and where descriptions begin

// The words in lines of at most so many characters; a word that is longer has a line of its own.
std::vector<std::string> fold(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (lines.empty() || lines.back().size() + 1 + word.size() > width)
      lines.push_back(word);
    else
      lines.back() += " " + word;
  }
  return lines;
}

// "  NAME      what it is", folded; below the name where that leaves no room.
std::string entry(const std::string& name, const std::string& description) {
  std::string out = "  " + name;
  std::size_t at = out.size();
  for (const std::string& line : fold(description, kWidth - kColumn)) {
    if (at + 2 > kColumn) {
      out += '\n';
      at = 0;
    }
    out += std::string(kColumn - at, ' ') + line;
    at = kWidth;
  }
  return out + "\n";
}

std::string paragraph(const std::string& text) {
  std::string out;
  for (const std::string& line : fold(text, kWidth)) out += line + "\n";
  return out;
}

bool is_literal(const std::string& line) { return line.compare(0, 2, "  ") == 0; }

}  // namespace

std::vector<Block> blocks(const std::string& footer) {
  std::vector<Block> all;
  std::istringstream lines(footer);
  bool open = false;  // whether the next line goes on with the last block
  for (std::string line; std::getline(lines, line);) {
    const bool literal = is_literal(line);
    if (line.empty())
      open = false;
    else if (open && all.back().literal == literal)
      all.back().text += (literal ? "\n" : " ") + line;
    else {
      all.push_back({literal, line});
      open = true;
    }
  }
  return all;
}

std::string without_deck_help(std::string footer) {
  const std::size_t at = footer.find(kDeckHelp);
  return at == std::string::npos ? footer : footer.erase(at, std::string(kDeckHelp).size());
}

std::string Help::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  return CLI::detail::find_and_replace(Formatter::make_help(app, name, mode), "\n\n\n", "\n\n");
}

std::string Help::make_option(const CLI::Option* option, bool is_positional) const {
  return entry(make_option_name(option, is_positional) + make_option_opts(option), make_option_desc(option));
}

std::string Help::make_subcommand(const CLI::App* command) const { return entry(command->get_name(), command->get_description()); }

std::string Help::make_description(const CLI::App* app) const { return paragraph(app->get_description()); }

std::string Help::make_footer(const CLI::App* app) const {
  std::string out;
  for (const Block& block : blocks(app->get_footer())) {
    const bool heads = !out.empty() && block.literal;  // examples stand right below their heading
    out += out.empty() || heads ? "" : "\n";
    out += block.literal ? block.text + "\n" : paragraph(block.text);
  }
  return out;
}

}  // namespace shardlm::app
