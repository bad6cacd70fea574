#include "packing.hpp"

#include <cstring>

namespace shardlm::mpc {
namespace {

// A chunk of values a thread, so that a thread's bytes are its own and stay together.
constexpr std::size_t kChunk = 256;
constexpr std::size_t chunks(std::size_t n) { return (n + kChunk - 1) / kChunk; }
KOKKOS_INLINE_FUNCTION std::size_t chunk_end(std::size_t c, std::size_t n) { return (c + 1) * kChunk < n ? (c + 1) * kChunk : n; }

// `wide`: eight bytes may be touched, though only B count. A CPU then moves a word at once; a GPU cannot, unaligned.
template <int B>
KOKKOS_INLINE_FUNCTION void put(std::uint8_t* to, Word x, bool wide) {
#ifndef __CUDA_ARCH__
  if (wide) {
    std::memcpy(to, &x, sizeof x);
    return;
  }
#endif
  for (int j = 0; j < B; ++j) to[j] = std::uint8_t(x >> (8 * j));
}

template <int B>
KOKKOS_INLINE_FUNCTION Word get(const std::uint8_t* from, bool wide) {
  Word x = 0;
#ifndef __CUDA_ARCH__
  if (wide) {
    std::memcpy(&x, from, sizeof x);
    return B == 8 ? x : x & ((Word{1} << (8 * B % 64)) - 1);
  }
#endif
  for (int j = 0; j < B; ++j) x |= Word(from[j]) << (8 * j);
  return x;
}

// Of the values first .. last - 1, those from here on are too near the end for eight bytes.
template <int B>
KOKKOS_INLINE_FUNCTION std::size_t narrow_from(std::size_t first, std::size_t last) {
  constexpr std::size_t kEnd = (8 + B - 1) / B - 1;  // values that a wide access at an earlier one reaches into
  return last > first + kEnd ? last - kEnd : first;
}

template <int B>
void pack_as(const Array<Word>& words, std::uint8_t* bytes) {
  const std::size_t n = words.size();
  Kokkos::parallel_for(
      "shardlm::mpc::pack", Kokkos::RangePolicy<Exec>(0, chunks(n)), KOKKOS_LAMBDA(const std::size_t c) {
        const std::size_t first = c * kChunk, last = chunk_end(c, n), narrow = narrow_from<B>(first, last);
        for (std::size_t i = first; i < narrow; ++i) put<B>(bytes + i * B, words(i), true);
        for (std::size_t i = narrow; i < last; ++i) put<B>(bytes + i * B, words(i), false);
      });
}

template <int B>
void unpack_as(const std::uint8_t* bytes, Word keep, Word mask, const Array<Word>& words) {
  const std::size_t n = words.size();
  Kokkos::parallel_for(
      "shardlm::mpc::unpack", Kokkos::RangePolicy<Exec>(0, chunks(n)), KOKKOS_LAMBDA(const std::size_t c) {
        const std::size_t first = c * kChunk, last = chunk_end(c, n), narrow = narrow_from<B>(first, last);
        for (std::size_t i = first; i < narrow; ++i) words(i) = ((words(i) & keep) + get<B>(bytes + i * B, true)) & mask;
        for (std::size_t i = narrow; i < last; ++i) words(i) = ((words(i) & keep) + get<B>(bytes + i * B, false)) & mask;
      });
}

template <class F>
void with_bytes(int bytes, const F& f) {
  switch (bytes) {
    case 1: return f(std::integral_constant<int, 1>());
    case 2: return f(std::integral_constant<int, 2>());
    case 3: return f(std::integral_constant<int, 3>());
    case 4: return f(std::integral_constant<int, 4>());
    case 5: return f(std::integral_constant<int, 5>());
    case 6: return f(std::integral_constant<int, 6>());
    case 7: return f(std::integral_constant<int, 7>());
    default: return f(std::integral_constant<int, 8>());
  }
}

}  // namespace

void pack(const Array<Word>& words, int k, std::uint8_t* bytes) {
  with_bytes(bytes_of(k), [&](auto width) { pack_as<decltype(width)::value>(words, bytes); });
  Exec().fence();
}

void unpack_add(const std::uint8_t* bytes, int k, const Array<Word>& words) {
  with_bytes(bytes_of(k), [&](auto width) { unpack_as<decltype(width)::value>(bytes, ~Word{0}, low(~Word{0}, k), words); });
  Exec().fence();
}

Array<Word> unpack(const std::uint8_t* bytes, std::size_t n, int k) {
  const Array<Word> words = uninitialized<Word>("shardlm::mpc::unpacked", n);
  with_bytes(bytes_of(k), [&](auto width) { unpack_as<decltype(width)::value>(bytes, 0, low(~Word{0}, k), words); });
  Exec().fence();
  return words;
}

void pack_bits(const Array<Word>& bits, std::uint8_t* bytes) {
  const std::size_t n = bits.size();
  Kokkos::parallel_for(
      "shardlm::mpc::pack_bits", Kokkos::RangePolicy<Exec>(0, packed_bit_bytes(n)), KOKKOS_LAMBDA(const std::size_t c) {
        Word byte = 0;
        for (std::size_t j = 0; j < 8 && 8 * c + j < n; ++j) byte |= bits(8 * c + j) << j;
        bytes[c] = std::uint8_t(byte);
      });
  Exec().fence();
}

void unpack_xor(const std::uint8_t* bytes, const Array<Word>& bits) {
  Kokkos::parallel_for(
      "shardlm::mpc::unpack_xor", Kokkos::RangePolicy<Exec>(0, bits.size()),
      KOKKOS_LAMBDA(const std::size_t i) { bits(i) ^= Word(bytes[i / 8] >> (i % 8)) & 1; });
  Exec().fence();
}

}  // namespace shardlm::mpc
