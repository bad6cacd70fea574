#include "packing.hpp"

namespace shardlm::mpc {
namespace {

// A chunk of values a thread, so that a thread's bytes are its own and stay together.
constexpr std::size_t kChunk = 256;
constexpr std::size_t chunks(std::size_t n) { return (n + kChunk - 1) / kChunk; }
KOKKOS_INLINE_FUNCTION std::size_t chunk_end(std::size_t c, std::size_t n) { return (c + 1) * kChunk < n ? (c + 1) * kChunk : n; }

template <int B>
KOKKOS_INLINE_FUNCTION void put(std::uint8_t* to, Word x) {
  for (int j = 0; j < B; ++j) to[j] = std::uint8_t(x >> (8 * j));
}

template <int B>
KOKKOS_INLINE_FUNCTION Word get(const std::uint8_t* from) {
  Word x = 0;
  for (int j = 0; j < B; ++j) x |= Word(from[j]) << (8 * j);
  return x;
}

template <int B>
void pack_as(const Array<Word>& words, std::uint8_t* bytes) {
  const std::size_t n = words.size();
  Kokkos::parallel_for(
      "shardlm::mpc::pack", Kokkos::RangePolicy<Exec>(0, chunks(n)), KOKKOS_LAMBDA(const std::size_t c) {
        for (std::size_t i = c * kChunk; i < chunk_end(c, n); ++i) put<B>(bytes + i * B, words(i));
      });
}

template <int B>
void unpack_as(const std::uint8_t* bytes, Word keep, Word mask, const Array<Word>& words) {
  const std::size_t n = words.size();
  Kokkos::parallel_for(
      "shardlm::mpc::unpack", Kokkos::RangePolicy<Exec>(0, chunks(n)), KOKKOS_LAMBDA(const std::size_t c) {
        for (std::size_t i = c * kChunk; i < chunk_end(c, n); ++i) words(i) = ((words(i) & keep) + get<B>(bytes + i * B)) & mask;
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
