// The file that an answer goes to: it appears under its name whole, or not at all.
#pragma once

#include <string>

namespace shardlm::app {

// Throws Error unless a file of this name can be written: to be called before any work.
void check_writable(const std::string& path);

// Writes a file beside it and renames that. Throws Error, leaving nothing behind.
void write_file(const std::string& path, const std::string& text);

}  // namespace shardlm::app
