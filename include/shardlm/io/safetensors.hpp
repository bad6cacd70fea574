// Reads checkpoints in the safetensors format: a length, a JSON header, then raw little-endian tensors.
//
// https://huggingface.co/docs/safetensors: the header names for every tensor its type, shape and place, and the places cover
// the rest of the file without gap or overlap. All of that is checked when a file is opened, so a FloatTensor can be trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace shardlm::io {

enum class FloatType { bf16, f16, f32 };
const char* name(FloatType type);  // "BF16", "F16", "F32"
FloatType float_type(const std::string& name);
constexpr std::size_t bytes_of(FloatType type) { return type == FloatType::f32 ? 4 : 2; }

// n numbers as float, exact. `data` may lie at any address.
void to_float(FloatType type, const std::uint8_t* data, std::size_t n, float* out);

// A tensor inside a mapped file, row-major; or one whose numbers are made when they are read (io/random_model.hpp).
struct FloatTensor {
  std::string name;
  FloatType type = FloatType::bf16;
  std::vector<std::size_t> shape;
  const std::uint8_t* data = nullptr;
  std::function<void(std::size_t first, std::size_t n, float* out)> draw = {};  // instead of data; numbers that `type` has exactly

  std::size_t count() const;
  std::size_t bytes() const { return count() * bytes_of(type); }
  // Elements first .. first + n - 1; throws Error where they are not all inside.
  void read(std::size_t first, std::size_t n, float* out) const;
  // The same as they are encoded, n * bytes_of(type) bytes.
  void copy(std::size_t first, std::size_t n, std::uint8_t* out) const;

 private:
  void require(std::size_t first, std::size_t n) const;
};

class SafeTensors {
 public:
  // A folder with model.safetensors, or with model.safetensors.index.json and the shards that it names. Throws Error with one
  // sentence for a file that is truncated or whose header is not what the format says.
  explicit SafeTensors(const std::string& folder);
  ~SafeTensors();
  SafeTensors(SafeTensors&&) noexcept;

  bool contains(const std::string& name) const;
  // Throws Error if it is missing, not of a type that FloatType has, or of another shape.
  const FloatTensor& tensor(const std::string& name, const std::vector<std::size_t>& shape) const;
  // These elements are not needed soon: their pages leave this process's memory.
  void release(const FloatTensor& tensor, std::size_t first, std::size_t n) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::io
