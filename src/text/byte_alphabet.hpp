// The 256 printable characters that stand for bytes in the vocabulary of a byte-level BPE: GPT-2's `bytes_to_unicode`.
// A byte that prints in Latin-1 stands for itself, the others, in order, are U+0100, U+0101, ...
#pragma once

#include <cstdint>
#include <string>

namespace shardlm::text {

std::string letter_of_byte(std::uint8_t byte);

// The bytes that `token` spells, or `token` itself if it has a character outside the alphabet. `token` is valid UTF-8.
std::string bytes_of_letters(const std::string& token);

}  // namespace shardlm::text
