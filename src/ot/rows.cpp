#include "shardlm/ot/rows.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "shardlm/core/error.hpp"
#include "sodium.hpp"

namespace shardlm::ot {
namespace {

using RowKey = Secret<crypto_aead_chacha20poly1305_IETF_KEYBYTES>;
using AssociatedData = std::array<std::uint8_t, 31>;

static_assert(kSealBytes == crypto_aead_chacha20poly1305_IETF_ABYTES);
constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_IETF_NPUBBYTES> kNonce{};

// One block of HKDF-Expand: HMAC(F_k(i), info || 1), cut.
RowKey row_key(const Output& output, const TableNumber& table) {
  constexpr std::string_view label = "ShardLM row key";
  constexpr std::uint8_t block = 1;
  crypto_auth_hmacsha512_state state;
  const WipeAtEnd<crypto_auth_hmacsha512_state> wiped(state);
  Secret<crypto_auth_hmacsha512_BYTES> mac;
  crypto_auth_hmacsha512_init(&state, output.bytes.data(), output.bytes.size());
  crypto_auth_hmacsha512_update(&state, reinterpret_cast<const std::uint8_t*>(label.data()), label.size());
  crypto_auth_hmacsha512_update(&state, table.data(), table.size());
  crypto_auth_hmacsha512_update(&state, &block, 1);
  crypto_auth_hmacsha512_final(&state, mac.bytes.data());
  RowKey key;
  std::copy_n(mac.bytes.begin(), key.bytes.size(), key.bytes.begin());
  return key;
}

AssociatedData associated_data(const TableNumber& table, std::uint32_t i) {
  constexpr std::string_view label = "ShardLM row";
  const auto number = row_input(i);
  AssociatedData data;
  static_assert(label.size() + sizeof table + sizeof number == sizeof data);
  const auto end = std::copy(table.begin(), table.end(), std::copy(label.begin(), label.end(), data.begin()));
  std::copy(number.begin(), number.end(), end);
  return data;
}

std::string hex(const TableNumber& table) {
  char text[2 * sizeof table + 1];
  return sodium_bin2hex(text, sizeof text, table.data(), table.size());
}

}  // namespace

TableNumber random_table_number() {
  start_sodium();
  TableNumber table;
  randombytes_buf(table.data(), table.size());
  return table;
}

std::array<std::uint8_t, 4> row_input(std::uint32_t i) {
  return {static_cast<std::uint8_t>(i >> 24), static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
}

void seal_row(const Output& output, const TableNumber& table, std::uint32_t i, const std::uint8_t* plain, std::size_t n, std::uint8_t* sealed) {
  start_sodium();
  const RowKey key = row_key(output, table);
  const AssociatedData data = associated_data(table, i);
  crypto_aead_chacha20poly1305_ietf_encrypt(sealed, nullptr, plain, n, data.data(), data.size(), nullptr, kNonce.data(), key.bytes.data());
}

void open_row(const Output& output, const TableNumber& table, std::uint32_t i, const std::uint8_t* sealed, std::size_t sealed_bytes,
              std::uint8_t* plain) {
  if (sealed_bytes < kSealBytes)
    throw Error("a sealed row of table " + hex(table) + " has " + std::to_string(sealed_bytes) + " bytes, fewer than its tag of 16");
  start_sodium();
  const RowKey key = row_key(output, table);
  AssociatedData data = associated_data(table, i);  // holds i, which is the receiver's secret
  const WipeAtEnd<AssociatedData> wiped(data);
  if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, nullptr, nullptr, sealed, sealed_bytes, data.data(), data.size(), kNonce.data(),
                                                key.bytes.data()) == 0)
    return;
  if (sealed_bytes > kSealBytes) wipe(plain, sealed_bytes - kSealBytes);  // libsodium does so too, but does not promise it
  throw Error("a row of table " + hex(table) + " does not open: the key, the table or the row is another");
}

void seal_rows(const PrivateKey& key, const TableNumber& table, std::uint32_t first, std::size_t count, const std::uint8_t* plain, std::size_t n,
               std::uint8_t* sealed) {
  if (count > (std::uint64_t{1} << 32) - first)
    throw Error("row numbers of a sealed table are below 2^32; " + std::to_string(count) + " rows from row " + std::to_string(first) + " go beyond");
  for (std::size_t row = 0; row < count; ++row) {
    const auto i = static_cast<std::uint32_t>(first + row);
    seal_row(evaluate(key, row_input(i)), table, i, plain + row * n, n, sealed + row * (n + kSealBytes));
  }
}

}  // namespace shardlm::ot
