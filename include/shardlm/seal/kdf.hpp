// Keys from secrets: HKDF-SHA256 (RFC 5869) from what is random already, scrypt (RFC 7914) from a passphrase.
#pragma once

#include "shardlm/seal/bytes.hpp"

namespace shardlm::seal {

// Draws the randomness of a secret together into a key; an empty salt counts as zeros.
Key hkdf_extract(View salt, View secret);
// n bytes for the use that `info` names; another info gives unrelated ones. Error for more than 255 * 32 bytes.
void hkdf_expand(const Key& key, View info, std::uint8_t* out, std::size_t n);
Key hkdf_expand(const Key& key, View info);
// Both.
void hkdf(View salt, View secret, View info, std::uint8_t* out, std::size_t n);

// What it costs to try a passphrase: 128 N r bytes of memory, N r p steps. The default takes 128 MiB and, on an EPYC, 0.7 seconds.
struct ScryptCost {
  std::uint32_t log2_n = 17;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
};

// Throws Error for a cost that scrypt does not know or the machine has no memory for. The salt: 16 random bytes or more, stored.
void scrypt(View passphrase, View salt, const ScryptCost& cost, std::uint8_t* out, std::size_t n);
Key scrypt(View passphrase, View salt, const ScryptCost& cost = {});

// Of a cost that a file names, before scrypt() spends it: Error unless N is at least 2^14, and it takes at most 1 GiB and 8 times the
// default's steps. So a stranger's file cannot take all memory or minutes.
void check_stored(const ScryptCost& cost);

}  // namespace shardlm::seal
