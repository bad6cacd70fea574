// The verifier command: its words, and how it is run.
#pragma once

#include <chrono>

#include "shardlm/attest/evidence.hpp"

namespace shardlm::attest {

// The program and its arguments, placeholders as they are. Error for none, for what only a shell would understand, and for an unknown
// placeholder.
std::vector<std::string> words_of(const std::string& command);

// What a summary calls it: the program without its folder.
std::string name_of(const std::string& command);

// Throws Error unless the command accepts this report with this report data.
void run_verifier(const std::string& command, const Evidence& evidence, const ReportData& data, std::chrono::milliseconds limit);

}  // namespace shardlm::attest
