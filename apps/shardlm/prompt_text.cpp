#include "prompt_text.hpp"

#include <chrono>
#include <fstream>
#include <iostream>
#include <thread>

#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

std::string read_all(std::istream& input, const std::string& name) {
  std::string text;
  char part[4096];
  while (input.read(part, sizeof part) || input.gcount() > 0) text.append(part, std::size_t(input.gcount()));
  if (input.bad()) throw Error("cannot read the prompt from " + name);
  return text;
}

std::string read_standard_input() {
  const std::string text = read_all(std::cin, "standard input");
  // mpirun closes it, too, a second before it ends a job; then that is what is wrong, and its signal says so.
  if (text.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  return text;
}

// Without the line's end that editors and echo put at the end of a file.
std::string without_last_line_end(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  return text;
}

}  // namespace

std::string read_prompt_file(const std::string& path) {
  if (path == "-") return without_last_line_end(read_standard_input());
  std::ifstream file(path);
  if (!file) throw Error("cannot read the prompt from " + path);
  return without_last_line_end(read_all(file, path));
}

std::string prompt_of(const std::optional<std::string>& prompt, const std::string& file) {
  if (prompt) return *prompt;
  if (file.empty()) throw Error("there is no prompt: give one with -p TEXT, --prompt-file FILE, or --prompt-file - for standard input");
  return read_prompt_file(file);
}

}  // namespace shardlm::app
