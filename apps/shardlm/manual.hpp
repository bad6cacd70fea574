// The manual page shardlm(1), and the completions of shells, of the command line as it is.
#pragma once

#include <string>
#include <vector>

#include "outline.hpp"

namespace shardlm::app {

std::string manual(const CommandOutline& program, const std::string& version);  // in roff

const std::vector<std::string>& shells();                                         // bash, zsh, fish
std::string completion(const CommandOutline& program, const std::string& shell);  // of shells()

std::string bash_completion(const CommandOutline& program);
std::string zsh_completion(const CommandOutline& program);
std::string fish_completion(const CommandOutline& program);

}  // namespace shardlm::app
