#include "shardlm/seal/bytes.hpp"

#include <cryptopp/misc.h>
#include <cryptopp/osrng.h>

namespace shardlm::seal {

void random_bytes(void* out, std::size_t n) {
  try {
    CryptoPP::OS_GenerateRandomBlock(false, static_cast<CryptoPP::byte*>(out), n);
  } catch (const CryptoPP::Exception& error) {
    throw Error(std::string("the operating system gives no random bytes: ") + error.what());
  }
}

Key random_key() {
  Key key;
  random_bytes(key.data(), key.size());
  return key;
}

bool equal(View a, View b) { return a.size == b.size && CryptoPP::VerifyBufsEqual(a.data, b.data, a.size); }

std::string to_hex(View bytes) {
  std::string text;
  text.reserve(2 * bytes.size);
  for (std::size_t i = 0; i < bytes.size; ++i) {
    text += "0123456789abcdef"[bytes.data[i] >> 4];
    text += "0123456789abcdef"[bytes.data[i] & 15];
  }
  return text;
}

bool from_hex(const char* text, std::size_t digits, std::uint8_t* out, std::size_t n) {
  if (digits != 2 * n) return false;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[i];
    const bool number = c >= '0' && c <= '9';
    if (!number && !(c >= 'a' && c <= 'f')) return false;
    const auto half = static_cast<std::uint8_t>(number ? c - '0' : c - 'a' + 10);
    out[i / 2] = static_cast<std::uint8_t>(i % 2 == 0 ? half << 4 : out[i / 2] | half);
  }
  return true;
}

}  // namespace shardlm::seal
