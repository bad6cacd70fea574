// Row keys from given randomness: make_row_keys draws it, tests choose it.
#pragma once

#include "shardlm/crypto/dpf_rows.hpp"

namespace shardlm::crypto {

using RowRoots = std::array<std::uint32_t, 8>;  // server 0's seed, then server 1's

// roots: one for each row, 3 <= m <= 30, rows below 2^m.
RowKeys row_keys_from(int m, const std::vector<std::uint32_t>& rows, const Salt& salt, const RowRoots* roots);

}  // namespace shardlm::crypto
