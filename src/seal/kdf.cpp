#include "shardlm/seal/kdf.hpp"

#include <cryptopp/scrypt.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "hash.hpp"

namespace shardlm::seal {
namespace {

constexpr std::size_t kHash = 32;

std::string text(const ScryptCost& cost) {
  return "scrypt with log2 N = " + std::to_string(cost.log2_n) + ", r = " + std::to_string(cost.r) + ", p = " + std::to_string(cost.p);
}

// RFC 7914, section 2; the product r p is what it bounds.
bool possible(const ScryptCost& cost) {
  return cost.log2_n >= 1 && cost.log2_n <= 32 && cost.r >= 1 && cost.p >= 1 && std::uint64_t{cost.r} * cost.p < std::uint64_t{1} << 30 &&
         cost.log2_n < 16 * std::uint64_t{cost.r};
}

}  // namespace

Key hkdf_extract(View salt, View secret) {
  Key key;
  hmac(salt, {secret}, key.data());
  return key;
}

void hkdf_expand(const Key& key, View info, std::uint8_t* out, std::size_t n) {
  if (n > 255 * kHash) throw Error("HKDF gives at most 8160 bytes from a key, not " + std::to_string(n));
  Key block;
  std::uint8_t number = 0;
  for (std::size_t done = 0; done < n;) {
    const View before = number == 0 ? View() : View(block);
    ++number;
    hmac(key, {before, info, View(&number, 1)}, block.data());
    const std::size_t some = std::min(kHash, n - done);
    std::memcpy(out + done, block.data(), some);
    done += some;
  }
}

Key hkdf_expand(const Key& key, View info) {
  Key out;
  hkdf_expand(key, info, out.data(), out.size());
  return out;
}

void hkdf(View salt, View secret, View info, std::uint8_t* out, std::size_t n) { hkdf_expand(hkdf_extract(salt, secret), info, out, n); }

void scrypt(View passphrase, View salt, const ScryptCost& cost, std::uint8_t* out, std::size_t n) {
  if (!possible(cost)) throw Error("there is no " + text(cost));
  static constexpr CryptoPP::byte kNone = 0;
  const auto place = [](View v) { return v.size > 0 ? v.data : &kNone; };
  try {
    CryptoPP::Scrypt().DeriveKey(out, n, place(passphrase), passphrase.size, place(salt), salt.size, CryptoPP::word64{1} << cost.log2_n,
                                 cost.r, cost.p);
  } catch (const std::bad_alloc&) {
    throw Error(text(cost) + " takes " + std::to_string((std::uint64_t{cost.r} << cost.log2_n) >> 13) +
                " MiB of memory, which this machine does not give");
  } catch (const CryptoPP::Exception& error) {
    throw Error(text(cost) + " is impossible: " + error.what());
  }
}

Key scrypt(View passphrase, View salt, const ScryptCost& cost) {
  Key key;
  scrypt(passphrase, salt, cost, key.data(), key.size());
  return key;
}

void check_stored(const ScryptCost& cost) {
  const bool fits = cost.log2_n <= 20 && cost.r <= 1024 && cost.p <= 1024;
  const std::uint64_t blocks = fits ? std::uint64_t{cost.r} << cost.log2_n : 0;  // of 128 bytes
  if (possible(cost) && fits && cost.log2_n >= 14 && blocks <= 1u << 23 && blocks * cost.p <= 1u << 23) return;
  throw Error(text(cost) + " is not a cost to derive a key with: N is to be at least 2^14, N r and N r p at most 2^23");
}

}  // namespace shardlm::seal
