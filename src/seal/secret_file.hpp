// A small file that holds a secret: how it comes into being, and how it is read.
#pragma once

#include "shardlm/seal/bytes.hpp"

namespace shardlm::seal {

void write_secret_file(const std::string& path, View content);

// A text of exactly `size` bytes into `content`. `kind` names it in the sentences: "an identity".
void read_secret_file(const std::string& path, const char* kind, char* content, std::size_t size);

}  // namespace shardlm::seal
