#include "deck.hpp"

#include <set>

namespace shardlm::app {
namespace {

using Trouble = DeckTrouble;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_key(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_'; }

std::string utf8(unsigned long c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) throw Trouble{"there is no such character"};
  if (c < 0x80) return {char(c)};
  if (c < 0x800) return {char(0xC0 | c >> 6), char(0x80 | (c & 63))};
  if (c < 0x10000) return {char(0xE0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
  return {char(0xF0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
}

// Reads one line from its front to its end.
class Line {
 public:
  explicit Line(const std::string& text) : text_(text) { skip_blanks(); }

  bool done() const { return at_ == text_.size() || text_[at_] == '#'; }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    skip_blanks();
    return true;
  }
  void expect(char c) {
    if (!take(c)) throw Trouble{std::string("'") + c + "' is missing; a deck has lines [section] and key = value"};
  }
  std::string key() {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_key(text_[at_])) ++at_;
    const std::string key = text_.substr(first, at_ - first);
    if (key.empty()) throw Trouble{"a name is missing; a deck has lines [section] and key = value"};
    skip_blanks();
    return key;
  }
  std::string value() {
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    const std::string value = first == '"' || first == '\'' ? quoted(first) : bare();
    skip_blanks();
    if (!done()) throw Trouble{"there is something after the value"};
    return value;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  std::string bare() {
    std::string value;
    for (; at_ < text_.size() && (is_key(text_[at_]) || text_[at_] == '.' || text_[at_] == '+'); ++at_)
      if (text_[at_] != '_') value += text_[at_];
    const bool number = !value.empty() && value.find_first_of("0123456789") != std::string::npos &&
                        value.find_first_not_of("0123456789.+-eE") == std::string::npos;
    if (!number && value != "true" && value != "false") throw Trouble{"a value is a number, true, false, or a string in quotes"};
    return value;
  }
  // "basic" strings have escapes, 'literal' ones do not.
  std::string quoted(char quote) {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return value;
      }
      value += text_[at_] == '\\' && quote == '"' ? escaped() : std::string(1, text_[at_]);
    }
    throw Trouble{"a string does not end"};
  }
  // at_ is on the backslash, then on the escape's last character.
  std::string escaped() {
    static const std::string names = "btnfr\"\\", means = "\b\t\n\f\r\"\\";
    const char c = ++at_ < text_.size() ? text_[at_] : '\0';
    const std::size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) {
      const std::size_t i = names.find(c);
      if (c == '\0' || i == std::string::npos) throw Trouble{"a string has an unknown escape"};
      return {means[i]};
    }
    const std::string code = text_.substr(at_ + 1, digits);
    if (code.size() != digits || code.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      throw Trouble{std::string("\\") + c + " needs " + std::to_string(digits) + " digits"};
    at_ += digits;
    return utf8(std::stoul(code, nullptr, 16));
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

const CLI::App& subcommand(const CLI::App& app, const std::string& name) {
  try {
    return *app.get_subcommand(name);
  } catch (const CLI::OptionNotFound&) {
    throw Trouble{"there is no subcommand '" + name + "'"};
  }
}

// Whether the command line has an option that goes with no other, so that the deck's other one does not count.
bool overruled(const CLI::Option& option) {
  for (const CLI::Option* other : option.get_excludes())
    if (other->count() > 0) return true;
  return false;
}

}  // namespace

const CLI::Option& Deck::option(const std::string& section, const std::string& key) const {
  if (section.empty()) throw Trouble{"the key '" + key + "' stands before the first section; begin with a line [generate]"};
  const CLI::App& command = subcommand(app_, section);
  const CLI::Option* option = command.get_option_no_throw("--" + key);
  if (option == nullptr) option = command.get_option_no_throw(key);
  if (option == nullptr || key == "help" || key.size() == 1) throw Trouble{"there is no option '" + key + "' of shardlm " + section};
  return *option;
}

void read_deck(std::istream& input, const std::function<void(const std::string& section)>& section_comes,
               const std::function<void(const DeckEntry&)>& entry_comes) {
  std::set<std::string> seen;
  std::string text, section;
  for (int number = 1; std::getline(input, text); ++number) {
    try {
      Line line(text);
      if (line.done()) continue;
      if (line.take('[')) {
        section = line.key();
        line.expect(']');
        if (!line.done()) throw Trouble{"there is something after the section's name"};
        section_comes(section);
        continue;
      }
      DeckEntry entry{section, line.key(), ""};
      line.expect('=');
      entry.value = line.value();
      if (!seen.insert(section + "." + entry.key).second) throw Trouble{"the key '" + entry.key + "' is there twice"};
      entry_comes(entry);
    } catch (const Trouble& trouble) {
      throw CLI::ConfigError("line " + std::to_string(number) + ": " + trouble.sentence);
    }
  }
}

std::vector<CLI::ConfigItem> Deck::from_config(std::istream& input) const {
  std::vector<CLI::ConfigItem> items;
  read_deck(
      input, [this](const std::string& section) { subcommand(app_, section); },
      [&](const DeckEntry& entry) {
        CLI::ConfigItem item;
        item.name = entry.key;
        item.parents = {entry.section};
        item.inputs = {entry.value};
        if (!overruled(option(entry.section, entry.key))) items.push_back(item);
      });
  return items;
}

}  // namespace shardlm::app
