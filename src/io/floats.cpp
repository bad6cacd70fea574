// The three float formats of checkpoints, as float.
#include <cstring>

#include "shardlm/core/error.hpp"
#include "shardlm/io/safetensors.hpp"

namespace shardlm::io {
namespace {

float from_bits(std::uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}

float from_bf16(std::uint16_t h) { return from_bits(std::uint32_t{h} << 16); }

// Exponent and mantissa move into place; the product with 2^112 mends the bias, also of subnormals. Infinity and NaN keep
// an exponent of all ones.
float from_f16(std::uint16_t h) {
  const std::uint32_t magnitude = std::uint32_t{h & 0x7fffu} << 13, sign = std::uint32_t{h & 0x8000u} << 16;
  const float scaled = from_bits(magnitude) * 0x1p112f;
  const std::uint32_t special = (h & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0u;
  std::uint32_t bits;
  std::memcpy(&bits, &scaled, sizeof bits);
  return from_bits(bits | special | sign);
}

template <class Convert>
void convert_halves(const std::uint8_t* data, std::size_t n, float* out, Convert convert) {
  for (std::size_t i = 0; i < n; ++i) {
    std::uint16_t h;
    std::memcpy(&h, data + 2 * i, sizeof h);
    out[i] = convert(h);
  }
}

}  // namespace

const char* name(FloatType type) { return type == FloatType::bf16 ? "BF16" : type == FloatType::f16 ? "F16" : "F32"; }

FloatType float_type(const std::string& text) {
  for (const FloatType type : {FloatType::bf16, FloatType::f16, FloatType::f32})
    if (text == name(type)) return type;
  throw Error("numbers of type " + text + " are not supported; BF16, F16 and F32 are");
}

void to_float(FloatType type, const std::uint8_t* data, std::size_t n, float* out) {
  if (n == 0) return;  // an empty tensor's pointers may be null, which memcpy does not take
  switch (type) {
    case FloatType::bf16:
      return convert_halves(data, n, out, from_bf16);
    case FloatType::f16:
      return convert_halves(data, n, out, from_f16);
    case FloatType::f32:
      std::memcpy(out, data, 4 * n);
  }
}

std::size_t FloatTensor::count() const {
  std::size_t n = 1;
  for (const std::size_t extent : shape) n *= extent;
  return n;
}

void FloatTensor::require(std::size_t first, std::size_t n) const {
  if (first > count() || n > count() - first)
    throw Error("tensor " + name + " has " + std::to_string(count()) + " elements, so " + std::to_string(n) + " cannot be read from " +
                std::to_string(first));
}

void FloatTensor::read(std::size_t first, std::size_t n, float* out) const {
  require(first, n);
  if (draw) return draw(first, n, out);
  to_float(type, data + first * bytes_of(type), n, out);
}

void FloatTensor::copy(std::size_t first, std::size_t n, std::uint8_t* out) const {
  require(first, n);
  if (n == 0) return;
  if (!draw) {
    std::memcpy(out, data + first * bytes_of(type), n * bytes_of(type));
    return;
  }
  if (type != FloatType::bf16) throw Error("tensor " + name + " is drawn as " + shardlm::io::name(type) + "; only BF16 is");
  std::vector<float> numbers(n);
  draw(first, n, numbers.data());
  for (std::size_t i = 0; i < n; ++i) std::memcpy(out + 2 * i, reinterpret_cast<const std::uint8_t*>(&numbers[i]) + 2, 2);
}

}  // namespace shardlm::io
