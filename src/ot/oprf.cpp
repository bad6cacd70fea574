#include "shardlm/ot/oprf.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "shardlm/core/error.hpp"
#include "sodium.hpp"

namespace shardlm::ot {
namespace {

using namespace std::string_view_literals;

static_assert(sizeof(Element) == crypto_core_ristretto255_BYTES && sizeof(Scalar) == crypto_core_ristretto255_SCALARBYTES);

// The RFC's contextString, "OPRFV1-" || mode || "-" || suite, behind what each of its hashes puts in front.
constexpr std::string_view kGroupTag = "HashToGroup-OPRFV1-\0-ristretto255-SHA512"sv;
constexpr std::string_view kKeyTag = "DeriveKeyPairOPRFV1-\0-ristretto255-SHA512"sv;

constexpr std::size_t kHashBytes = crypto_hash_sha512_BYTES;
constexpr std::size_t kHashBlock = 128;
constexpr std::size_t kSeedBytes = 32;
using Hash = Secret<kHashBytes>;

// SHA-512 over pieces. libsodium wipes the state when it ends.
class Sha512 {
 public:
  Sha512() { crypto_hash_sha512_init(&state_); }
  Sha512& add(ByteView bytes) {
    crypto_hash_sha512_update(&state_, bytes.data, bytes.size);
    return *this;
  }
  void end(Hash& hash) { crypto_hash_sha512_final(&state_, hash.bytes.data()); }

 private:
  crypto_hash_sha512_state state_;
};

struct WipedBytes {
  std::vector<std::uint8_t> bytes;
  explicit WipedBytes(std::size_t n) : bytes(n) {}
  ~WipedBytes() { wipe(bytes.data(), bytes.size()); }
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;
};

std::array<std::uint8_t, 1> one_byte(std::size_t n) { return {static_cast<std::uint8_t>(n)}; }
std::array<std::uint8_t, 2> two_bytes(std::size_t n) { return {static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)}; }

void require_length(std::size_t bytes, const char* what) {
  if (bytes > 65535) throw Error(std::string(what) + " of the OPRF has " + std::to_string(bytes) + " bytes, more than 65535");
}

// Between 1 and the order - 1: reduced it stays as it is, and it is not zero.
bool is_canonical(const Scalar& scalar) {
  Secret<crypto_core_ristretto255_NONREDUCEDSCALARBYTES> wide;
  std::copy(scalar.bytes.begin(), scalar.bytes.end(), wide.bytes.begin());
  Scalar reduced;
  crypto_core_ristretto255_scalar_reduce(reduced.bytes.data(), wide.bytes.data());
  return sodium_memcmp(reduced.bytes.data(), scalar.bytes.data(), sizeof(Scalar)) == 0 && !sodium_is_zero(scalar.bytes.data(), sizeof(Scalar));
}

void require_canonical(const Scalar& scalar, const char* what) {
  if (!is_canonical(scalar)) throw Error(std::string(what) + " is zero, or not below the order of ristretto255");
}

void draw(Scalar& scalar) {  // uniform, never zero
  start_sodium();
  crypto_core_ristretto255_scalar_random(scalar.bytes.data());
}

// RFC 9496 has encodings below 2^255; libsodium 1.0.18 does not look at the last bit, and an element would have two encodings.
bool is_below_2_255(const Element& element) { return element.back() < 0x80; }

// out = scalar * element, never the identity. libsodium refuses what is no element, and a product that is the identity: in a group of
// prime order that takes the identity or a scalar of zero, which is a Blind that nobody drew.
void multiply(const Scalar& scalar, const Element& element, const std::string& what, std::uint8_t* out) {
  if (is_below_2_255(element) && crypto_scalarmult_ristretto255(out, scalar.bytes.data(), element.data()) == 0) return;
  check_element(element, what);
  throw Error("the blind for " + what + " is zero; it was never drawn");
}

// What both sides hash in the end; `product` is k H(x), encoded.
Output hash_product(ByteView input, const Secret<32>& product) {
  Output output;
  Sha512().add(two_bytes(input.size)).add(input).add(two_bytes(sizeof product)).add(product.bytes).add("Finalize"sv).end(output);
  return output;
}

}  // namespace

void expand_message_xmd(ByteView message, ByteView dst, std::uint8_t* out, std::size_t bytes) {
  if (bytes > 255 * kHashBytes) throw Error("expand_message_xmd makes 16320 bytes at most, not " + std::to_string(bytes));
  if (dst.size == 0) throw Error("the domain separation tag of expand_message_xmd is empty");
  Hash short_dst;
  if (dst.size > 255) {
    Sha512().add("H2C-OVERSIZE-DST-"sv).add(dst).end(short_dst);
    dst = short_dst.bytes;
  }
  constexpr std::array<std::uint8_t, kHashBlock> z_pad{};
  const auto dst_size = one_byte(dst.size);
  Hash b0, b;  // b is b_i, and zero before b_1
  Sha512().add(z_pad).add(message).add(two_bytes(bytes)).add(one_byte(0)).add(dst).add(dst_size).end(b0);
  for (std::size_t i = 1, done = 0; done < bytes; ++i, done += kHashBytes) {
    for (std::size_t j = 0; j < kHashBytes; ++j) b.bytes[j] ^= b0.bytes[j];
    Sha512().add(b.bytes).add(one_byte(i)).add(dst).add(dst_size).end(b);
    std::copy_n(b.bytes.begin(), std::min(kHashBytes, bytes - done), out + done);
  }
}

Element hash_to_group(ByteView input) {
  require_length(input.size, "an input");
  Secret<crypto_core_ristretto255_HASHBYTES> uniform;
  expand_message_xmd(input, kGroupTag, uniform.bytes.data(), sizeof uniform);
  Element element;
  crypto_core_ristretto255_from_hash(element.data(), uniform.bytes.data());
  if (sodium_is_zero(element.data(), element.size())) throw Error("an input of the OPRF hashes to the identity of ristretto255; it cannot be used");
  return element;
}

Scalar hash_to_scalar(ByteView input, ByteView dst) {
  Secret<crypto_core_ristretto255_NONREDUCEDSCALARBYTES> uniform;
  expand_message_xmd(input, dst, uniform.bytes.data(), sizeof uniform);
  Scalar scalar;
  crypto_core_ristretto255_scalar_reduce(scalar.bytes.data(), uniform.bytes.data());
  return scalar;
}

void check_element(const Element& element, const std::string& what) {
  if (!is_below_2_255(element) || !crypto_core_ristretto255_is_valid_point(element.data())) throw Error(what + " is not a point of ristretto255");
  if (sodium_is_zero(element.data(), element.size())) throw Error(what + " is the identity of ristretto255");
}

PrivateKey::PrivateKey(const Scalar& scalar) : scalar_(scalar) { require_canonical(scalar_, "the private key of the OPRF"); }

PrivateKey random_key() {
  Scalar scalar;
  draw(scalar);
  return PrivateKey(scalar);
}

PrivateKey derive_key(ByteView seed, ByteView info) {
  if (seed.size != kSeedBytes) throw Error("the seed of a private key of the OPRF has " + std::to_string(seed.size) + " bytes, not 32");
  require_length(info.size, "the info of a private key");
  const auto info_size = two_bytes(info.size);
  WipedBytes input(kSeedBytes + 2 + info.size + 1);
  std::uint8_t* at = std::copy_n(seed.data, kSeedBytes, input.bytes.data());
  at = std::copy(info_size.begin(), info_size.end(), at);
  std::uint8_t* counter = std::copy_n(info.data, info.size, at);
  for (int i = 0; i <= 255; ++i) {
    *counter = static_cast<std::uint8_t>(i);
    const Scalar scalar = hash_to_scalar(input.bytes, kKeyTag);
    if (!sodium_is_zero(scalar.bytes.data(), sizeof scalar)) return PrivateKey(scalar);
  }
  throw Error("no private key of the OPRF comes from this seed; take another");
}

Blind draw_blind() {
  Blind blind;
  draw(blind.r);
  crypto_core_ristretto255_scalar_invert(blind.inverse.bytes.data(), blind.r.bytes.data());
  return blind;
}

Blind blind_with(const Scalar& r) {
  require_canonical(r, "the blind of the OPRF");
  Blind blind{r, {}};
  crypto_core_ristretto255_scalar_invert(blind.inverse.bytes.data(), r.bytes.data());
  return blind;
}

Element blind(ByteView input, const Blind& with) {
  Element hashed = hash_to_group(input), blinded;
  const WipeAtEnd<Element> wiped(hashed);
  multiply(with.r, hashed, "an input", blinded.data());
  return blinded;
}

Blinded blind(ByteView input) {
  Blinded blinded{draw_blind(), {}};
  blinded.element = blind(input, blinded.blind);
  return blinded;
}

Element blind_evaluate(const PrivateKey& key, const Element& blinded, const std::string& what) {
  Element evaluated;
  multiply(key.scalar(), blinded, what, evaluated.data());
  return evaluated;
}

Output finalize(ByteView input, const Blind& with, const Element& evaluated, const std::string& what) {
  require_length(input.size, "an input");
  Secret<32> product;
  multiply(with.inverse, evaluated, what, product.bytes.data());
  return hash_product(input, product);
}

Output evaluate(const PrivateKey& key, ByteView input) {
  Element hashed = hash_to_group(input);
  const WipeAtEnd<Element> wiped(hashed);
  Secret<32> product;
  multiply(key.scalar(), hashed, "an input", product.bytes.data());
  return hash_product(input, product);
}

}  // namespace shardlm::ot
