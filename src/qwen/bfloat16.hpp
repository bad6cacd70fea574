// bfloat16: the upper half of a float.
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>
#include <cstring>

namespace shardlm::qwen {

// The nearest bfloat16, ties to even, as a float. Finite x only: the carry may then end at infinity, as it should.
KOKKOS_INLINE_FUNCTION float nearest_bfloat16(float x) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u;
  memcpy(&x, &bits, sizeof bits);
  return x;
}

}  // namespace shardlm::qwen
