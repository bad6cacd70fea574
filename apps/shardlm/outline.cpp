#include "outline.hpp"

#include <algorithm>

#include "help.hpp"

namespace shardlm::app {
namespace {

// "{a,b}" has a and b; any other type none.
std::vector<std::string> choices(const std::string& type) {
  if (type.size() < 2 || type.front() != '{' || type.back() != '}') return {};
  return CLI::detail::split(type.substr(1, type.size() - 2), ',');
}

OptionOutline outline(const CLI::Option& option) {
  OptionOutline o;
  for (const std::string& name : option.get_snames()) o.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) o.names.push_back("--" + name);
  if (o.names.empty()) o.names.push_back(option.get_name(true, false));
  o.takes_value = option.get_items_expected_max() > 0;
  if (o.takes_value) {
    o.type = option.get_type_name();
    o.choices = choices(o.type);
    o.fallback = option.get_default_str();
  }
  o.required = option.get_required();
  o.text = option.get_description();
  o.group = option.get_group();
  return o;
}

bool has(const OptionOutline& option, const char* type) {
  return option.type == type || std::find(option.choices.begin(), option.choices.end(), type) != option.choices.end();
}

// In the order of their groups, each of which may have been added to in several places.
void by_group(std::vector<OptionOutline>& options) {
  std::vector<std::string> groups;
  for (const OptionOutline& o : options)
    if (std::find(groups.begin(), groups.end(), o.group) == groups.end()) groups.push_back(o.group);
  const auto place = [&groups](const OptionOutline& o) { return std::find(groups.begin(), groups.end(), o.group); };
  std::stable_sort(options.begin(), options.end(),
                   [&place](const OptionOutline& a, const OptionOutline& b) { return place(a) < place(b); });
}

// "[OPTIONS] model out".
std::string usage(const CLI::App& app, const CommandOutline& c) {
  std::string text = "[OPTIONS]";
  for (const OptionOutline& o : c.options)
    if (o.required) text += " " + o.names.back() + " " + o.type;
  for (const OptionOutline& o : c.arguments) text += o.required ? " " + o.names[0] : " [" + o.names[0] + "]";
  return text + (app.get_require_subcommand_min() > 0 ? " SUBCOMMAND" : "");
}

CommandOutline outline(const CLI::App& app, const std::string& around) {
  CommandOutline c;
  c.name = app.get_name();
  c.path = around.empty() ? c.name : around + " " + c.name;
  c.summary = app.get_description();
  c.notes = without_deck_help(app.get_footer());
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) (option->get_positional() ? c.arguments : c.options).push_back(outline(*option));
  by_group(c.options);
  for (const CLI::App* command : app.get_subcommands({})) c.commands.push_back(outline(*command, c.path));
  c.usage = usage(app, c);
  return c;
}

}  // namespace

CommandOutline outline(const CLI::App& app) { return outline(app, ""); }

bool is_file(const OptionOutline& option) { return has(option, "FILE") || has(option, "PATH"); }

bool is_folder(const OptionOutline& option) { return has(option, "FOLDER"); }

std::vector<std::string> words(const OptionOutline& option) {
  std::vector<std::string> all;
  for (const std::string& choice : option.choices)
    if (choice != "FILE" && choice != "PATH" && choice != "FOLDER") all.push_back(choice);
  return all;
}

}  // namespace shardlm::app
